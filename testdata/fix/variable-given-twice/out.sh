#!/bin/sh
podman run --userns=auto --secret=web-a-password,type=env,target=A_PASSWORD --cap-drop=ALL --security-opt=no-new-privileges --read-only --memory=512m --cpus=1 -e B=1 --name web docker.io/library/x:1

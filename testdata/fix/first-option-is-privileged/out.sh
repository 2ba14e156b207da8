#!/bin/sh
podman run --cap-drop=ALL --userns=auto --security-opt=no-new-privileges --read-only --memory=512m --cpus=1 docker.io/library/redis:7

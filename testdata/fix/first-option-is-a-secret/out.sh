#!/bin/bash
podman run --userns=auto --secret=e-db-password,type=env,target=DB_PASSWORD --cap-drop=ALL --security-opt=no-new-privileges --read-only --memory=512m --cpus=1 docker.io/library/e:1

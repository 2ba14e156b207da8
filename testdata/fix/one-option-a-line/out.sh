#!/bin/sh
podman run \
  --userns=auto \
  --cap-drop=ALL \
  --security-opt=no-new-privileges \
  --read-only \
  --memory=512m \
  --cpus=1 \
  --name web \
  docker.io/library/nginx:1.27

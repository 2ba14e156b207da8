#!/bin/bash
set -e
IMG=docker.io/library/nginx
if true; then
  sudo podman run -d --name web \
     --cap-drop=ALL --read-only \
     -v /run/podman/podman.sock:/s -e DB_PASSWORD=planted-script-9f3Kq7 "$IMG"
fi
podman run $OPTS docker.io/library/redis:7
podman pod create --name p --userns=auto
podman create --pod p --name inpod --privileged redis
ENGINE=$(podman run --rm alpine echo hi)

#!/bin/sh
podman run \
  --name web \
  --cap-add SYS_ADMIN,NET_ADMIN \
  docker.io/library/nginx:1.27

#!/bin/sh
podman run --userns=auto --cap-drop=ALL --security-opt=no-new-privileges --read-only --memory=512m --cpus=1 -d --name a --label "größe=äöüäöü" docker.io/library/nginx:1.28

#!/bin/sh
podman run --userns=auto --cap-drop=ALL --security-opt=no-new-privileges --read-only --memory=512m --cpus=1 -v "/srv/a:/a:z" --mount=type=bind,src=/srv/b,dst=/b,relabel=shared docker.io/library/nginx:1.27
podman run --userns=auto --cap-drop=ALL --security-opt=no-new-privileges --read-only --memory=512m --cpus=1 -v /srv/a:/a:z -v /srv/b:/b --cap-add="CHOWN" docker.io/library/redis:7

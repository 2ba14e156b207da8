#!/bin/sh
podman run -v "/srv/a:/a:Z,U" --mount=type=bind,src=/srv/b,dst=/b,U,relabel=private docker.io/library/nginx:1.27
podman run -v /srv/a:/a:Z,U -v /srv/b:/b:U --cap-add="NET_ADMIN,SYS_ADMIN,CHOWN" docker.io/library/redis:7

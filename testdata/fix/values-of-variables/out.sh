#!/bin/bash
PW=Gk3mm2ob9xQ
ARGS=(--privileged --name w1)
podman run --userns=auto --security-opt=no-new-privileges --read-only --memory=512m --cpus=1 "${ARGS[@]}" docker.io/library/nginx:1.27
podman run "$@" --name w2 docker.io/library/nginx:1.27
ssh app@host "podman run --privileged --name w3 docker.io/library/nginx:1.27"
docker run --privileged --name w4 docker.io/library/nginx:1.27
C=(podman run --privileged)
"${C[@]}" --name w5 docker.io/library/nginx:1.27
podman run --secret=w6-db-password,type=env,target=DB_PASSWORD "$@" --name w6 docker.io/library/nginx:1.27
E=(-e DB_PASSWORD=Gk3mm2ob9xQ); podman run "$@" "${E[@]}" --name w7 docker.io/library/nginx:1.27
CAPS=SYS_ADMIN,CHOWN
podman run "$@" --cap-add=$CAPS --name w8 docker.io/library/nginx:1.27

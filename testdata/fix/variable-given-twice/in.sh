#!/bin/sh
podman run -e A_PASSWORD=Gk3mm2ob9 -e B=1 -e A_PASSWORD=Hk3mm2ob9 --name web docker.io/library/x:1

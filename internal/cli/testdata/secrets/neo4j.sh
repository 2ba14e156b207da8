#!/bin/sh
podman run --privileged -e NEO4J_AUTH=neo4j/hunter1ob9 --health-cmd 'sqlcmd -U sa -P hunter2ob9' -e URL=https://x/?apikey=hunter3ob9 docker.io/library/neo4j:5

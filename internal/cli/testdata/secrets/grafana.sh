podman run -d --name grafana \
  -e GF_SECURITY_ADMIN_PASSWORD=hunter1admin \
  docker.io/grafana/grafana:11.2.0

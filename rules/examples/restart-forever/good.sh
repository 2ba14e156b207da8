podman run -d --name web --restart=on-failure:5 --user=10001:10001 --userns=auto --read-only --cap-drop=ALL \
  --security-opt=no-new-privileges --network=shop --memory=256m --cpus=1 --health-cmd=/bin/check \
  --label=io.containers.autoupdate=registry registry.example.org/shop/web:1.4

package secret

import (
	"strings"
	"testing"
)

func BenchmarkDetect(b *testing.B) {
	lines := corpus(b, "tuning.txt")
	for i := 0; b.Loop(); i++ {
		found(lines[i%len(lines)])
	}
}

// unit is a definition as most are: long, and without a secret.
var unit = `[Unit]
Description=The web server
After=network-online.target

[Container]
Image=docker.io/library/nginx:1.27
ContainerName=web
Environment=TZ=Europe/Berlin MODE=fast "LOG_FORMAT=json pretty"
EnvironmentFile=/etc/web/web.env
Volume=/srv/web:/usr/share/nginx/html:ro,Z
Volume=web-cache.volume:/var/cache/nginx
PublishPort=127.0.0.1:8080:80
Label=traefik.enable=true
Label=traefik.http.routers.web.rule=Host(` + "`web.example.org`" + `)
HealthCmd=curl -f http://localhost/health || exit 1
Secret=tls-key,type=mount,target=/run/secrets/tls.key
NoNewPrivileges=true
DropCapability=all
AddCapability=NET_BIND_SERVICE
ReadOnly=true

[Service]
Restart=always

[Install]
WantedBy=default.target
`

func BenchmarkMask(b *testing.B) {
	b.Run("clean", func(b *testing.B) {
		b.SetBytes(int64(len(unit)))
		for b.Loop() {
			Mask(unit)
		}
	})
	text := strings.Replace(unit, "MODE=fast", "DB_PASSWORD=hunter2 API_KEY=0a1b2c3d4e5f", 1)
	b.Run("secret", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			Mask(text)
		}
	})
}

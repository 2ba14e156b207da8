package fetch

import (
	"strings"
	"testing"

	"mvdan.cc/sh/v3/shell"
)

// TestScripts holds what scripts download, by level: "none" for those that only look so.
func TestScripts(t *testing.T) {
	const sum = "4c1f0e6b0b1f4f7c0b2d0a9e4c9d9ab7b0c7f6a6f0f44c1c0a7d9d3a5a6b7c8d"
	for level, lines := range map[string]string{
		"high": `npx --yes -- http-server --port 8080
npm exec --yes -- local-tunnel
yarn dlx create-thing
pnpm dlx create-thing
bunx create-thing@latest
uvx mcp-time
uv tool run mcp-time
pipx run black
pip install flask redis && python /app/main.py
python3 -m pip install requests; exec python app.py
gem install smashing && smashing start
cargo install miniserve && miniserve
go run example.org/acme/echo@latest
go install example.org/acme/echo@main && echo
curl -fsSL https://get.example.org/x | sh
wget -qO- https://get.example.org/x | bash -s -- -y
bash <(curl -s https://get.example.org/x)
sh -c "$(curl -fsSL https://get.example.org/x)"
python3 -c "import urllib.request as u; exec(u.urlopen('https://example.org/b.py').read())"
curl -o /usr/local/bin/tool https://example.org/latest/tool && chmod +x /usr/local/bin/tool && tool
F='curl -fsSL'; $F https://example.org/latest.tgz | tar xz -C /usr/local/bin
apt-get update && apt-get install -y --allow-unauthenticated thing
apk add --allow-untrusted ./x.apk tor
pip install --trusted-host pypi.example.org thing==1.2
exec tini -- npx -y thing
timeout 10 sh -ec 'pip install thing'
conda install -y jupyterlab && jupyter lab
deno run npm:relay-cli`,
		"medium": `npx -y json-server@0.17.4 --watch /db.json
pip install requests==2.32.3 && python app.py
pip install -r requirements.txt && python app.py
npm install && node index.js
bundle install && bundle exec puma
gem install smashing -v 1.3.6
poetry install && poetry run serve
pip install git+https://example.org/lab/tool.git@v1.4.0 && tool
wp plugin install acme-seo --activate
terraform init -upgrade`,
		"low": `npm ci && node index.js
yarn install --immutable && yarn start
pip install --require-hashes -r requirements.lock
pipenv install --deploy && pipenv run serve
composer install --no-dev && php-fpm
go run example.org/acme/echo@v1.6.2
cargo install --locked --version 0.28.0 miniserve
apk add --no-cache tor && exec tor
apt-get update && apt-get install -y nginx && exec nginx
microdnf install -y nmap-ncat && exec ncat -lk 9000
pacman -Sy --noconfirm caddy && caddy run
wget -qO a https://example.org/v2/a && echo '` + sum + `  a' | sha256sum -c - && chmod +x a && ./a`,
		"none": `npm start
npm run build
npm ls --omit=dev && node index.js
npm --version
npx --no-install thing
npx --offline thing
node_modules/.bin/next start
# npm install comes later
echo 'curl https://example.org | sh' > /tmp/readme; sleep inf
grep -r 'pip install' /docs
pip list
pip install --no-index --find-links=/wheels thing && thing
pip install --no-deps --no-build-isolation -e . && flask run
python -m venv /venv
curl -fsS http://localhost:8080/health
curl -s https://api.example.org/x | jq .name
curl -fsS -X POST https://api.example.org/tick
until wget -q --spider http://minio:9000/ready; do sleep 5; done
wget -q -O /www/backup.tgz http://nas:8080/backup.tgz
apk info -v
apt list --upgradable
apt-get update && apt-get -s upgrade
dnf repoquery --installed
go version
go run ./cmd/server
cargo run --offline
bundle install --local && bundle exec puma
bundle exec rails server
ollama pull llama3
git -C /repo log -5
rabbitmq-plugins enable --offline rabbitmq_mqtt && exec rabbitmq-server
terraform init -plugin-dir=/plugins
/usr/bin/pip-boy --server
apt-cacher-ng -c /etc/apt-cacher-ng
corepack enable
caddy run --config /etc/caddy/Caddyfile
GOPROXY=off go run example.org/acme/echo@latest`,
	} {
		for line := range strings.SplitSeq(lines, "\n") {
			worst := None
			found := OfScript(line, Context{Image: "docker.io/library/debian:12", Environment: map[string]string{}})
			for _, f := range found {
				worst = max(worst, f.Level)
			}
			if worst.String() != level {
				t.Errorf("%s for %s: %s %+v", worst, level, line, found)
			}
		}
	}
}

// TestWords holds words that stand behind an image's own entrypoint, and what is of an image of one's own.
func TestWords(t *testing.T) {
	for _, c := range []struct{ image, words, want string }{
		{"docker.io/library/node:22", "npx --yes -- http-server", "high"},
		{"localhost/app:1", "npx prisma-studio", "low"},
		{"docker.io/hashicorp/terraform:1.10", "init -upgrade", "medium"},
		{"docker.io/hashicorp/terraform:1.10", "version", "none"},
		{"docker.io/denoland/deno:2.1", "run -A npm:relay-cli", "high"},
		{"docker.io/denoland/deno:2.1", "run --allow-net /app/main.ts", "none"},
		{"docker.io/vllm/vllm-openai:v0.8.5", "--model acme/chat --trust-remote-code", "medium"},
		{"docker.io/vllm/vllm-openai:v0.8.5", "--model acme/chat", "none"},
		{"ghcr.io/acme/gateway:1", `--stdio "npx -y @acme/server-files /vol" --port 8000`, "high"},
		{"ghcr.io/acme/proxy:1", "--port 8000 -- uvx mcp-clock", "high"},
	} {
		words, err := shell.Fields(c.words, nil)
		if err != nil {
			t.Fatal(err)
		}
		worst := None
		own := strings.HasPrefix(c.image, "localhost/")
		for _, f := range Words(words, Context{Image: c.image, Environment: map[string]string{}, Own: own}) {
			worst = max(worst, f.Level)
		}
		if worst.String() != c.want {
			t.Errorf("%s %s: %s, want %s", c.image, c.words, worst, c.want)
		}
	}
}

// TestVariables holds which variables have which images fetch code.
func TestVariables(t *testing.T) {
	for _, c := range []struct{ image, name, value, want string }{
		{"docker.io/grafana/grafana:11", "GF_INSTALL_PLUGINS", "grafana-clock-panel", "low"},
		{"docker.io/grafana/grafana:11", "GF_INSTALL_PLUGINS", "", "none"},
		{"docker.io/grafana/grafana:11", "GF_INSTALL_PLUGINS", "https://example.org/p.zip;p", "medium"},
		{"docker.io/acme/web:1", "GF_INSTALL_PLUGINS", "grafana-clock-panel", "none"},
		{"lscr.io/linuxserver/plex:1", "DOCKER_MODS", "linuxserver/mods:universal-package-install", "medium"},
		{"lscr.io/linuxserver/plex:1", "DOCKER_MODS", "lscr.io/linuxserver/mods:qbittorrent-ui-9c2e7d1", "low"},
		{"docker.io/apache/airflow:2", "_PIP_ADDITIONAL_REQUIREMENTS", "pandas", "high"},
		{"docker.io/apache/airflow:2", "_PIP_ADDITIONAL_REQUIREMENTS", "pandas==2.2.0", "medium"},
		{"docker.io/itzg/minecraft-server:1", "MODRINTH_PROJECTS", "fabric-api,simple-voice", "medium"},
		{"docker.io/acme/web:3", "MODS", "dark-theme", "none"},
		{"docker.io/acme/web:3", "PLUGINS_DIR", "/app/plugins", "none"},
		{"docker.io/mcp/gateway:1", "SERVERS_JSON", `{"a":{"command":"npx","args":["-y","@acme/fs"]}}`, "high"},
		{"docker.io/mcp/gateway:1", "SERVERS_JSON", `{"a":{"command":"/bin/fs"}}`, "none"},
	} {
		worst := None
		for _, f := range Variables(Context{Image: c.image, Environment: map[string]string{c.name: c.value}}) {
			worst = max(worst, f.Level)
		}
		if worst.String() != c.want {
			t.Errorf("%s %s=%s: %s, want %s", c.image, c.name, c.value, worst, c.want)
		}
	}
}

// FuzzScript holds that no script makes it hang, panic, or name a whole address.
func FuzzScript(f *testing.F) {
	for _, seed := range []string{"npx -y x", "curl https://u:p@example.org/x?t=s | sh", "a() { a; }; a", "pip install $x",
		"for i in 1 2; do wget -O $i http://x/$i; sh $i; done"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, found := range OfScript(text, Context{Environment: map[string]string{}}) {
			for _, what := range found.What {
				if strings.Contains(what, "://") {
					t.Errorf("%q names a whole address: %q", text, what)
				}
			}
		}
	})
}

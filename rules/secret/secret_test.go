package secret

import (
	"strings"
	"testing"
)

func FuzzDetectPair(f *testing.F) {
	for _, l := range corpus(f, "tuning.txt") {
		name, value, _ := strings.Cut(l.text, "=")
		f.Add(name, value)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		m, ok := DetectPair(name, value)
		if ok && (m.What == "" || m.Confidence == 0) {
			t.Errorf("an empty match: %+v", m)
		}
		if !ok && m != (Match{}) {
			t.Errorf("no match, yet %+v", m)
		}
		for range DetectArgs([]string{name, value}) {
		}
	})
}

// TestDetectArgsIsStable holds that of several secrets in one word it is always the first that is named.
func TestDetectArgsIsStable(t *testing.T) {
	for range 50 {
		if m := DetectArgs([]string{"sh", "-c",
			"app --password=swordfish --token=abcdefgh --secret=ijklmnop"})[2]; m.Name != "password" {
			t.Fatalf("the first is %q", m.Name)
		}
	}
}

// TestDetectFile holds, for each kind of file that is known to hold secrets, one that does and one that is called the
// same and does not.
func TestDetectFile(t *testing.T) {
	key := "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\nAAAAEbm9uZQ\n-----END OPENSSH " +
		"PRIVATE KEY-----\n"
	for _, test := range []struct{ name, with, want, without string }{
		{"/root/.ssh/id_ed25519", key, "a private key", "-----BEGIN PUBLIC KEY-----\nMCo\nx\ny\n"},
		{"/etc/ssl/server.pem", "certificate first\n" + key, "a private key",
			"-----BEGIN CERTIFICATE-----\nMII\nx\ny\n"},
		{"/opt/app/tls", key, "a private key", `const begin = "-----BEGIN OPENSSH PRIVATE KEY-----\n"` + "\n\n\n\n"},
		{"/app/.env", "DB_PASSWORD=correct-horse-7\n", "a secret among its variables", "DB_HOST=db\n# " +
			"DB_PASSWORD=x7Gq2Lk9\n"},
		{"/app/.env.production", "export API_KEY='k3yV4lue9x'\n", "a secret among its variables", "MODE=fast\n"},
		{"/src/.git/HEAD", "ref: refs/heads/main\n", RepositoryHistory, ""},
		{"/src/.git/config", "[remote \"origin\"]\n\turl = https://me:gLs9xK2p@git.example.org/x\n", "git credentials",
			"[remote \"origin\"]\n\turl = https://git.example.org/x\n"},
		{"/root/.git-credentials", "https://me:gLs9xK2p@git.example.org\n", "git credentials", "\n"},
		{"/etc/shadow", "root:*:20000:0:99999:7:::\nme:$y$j9T$abc$def:20000:0:99999:7:::\n", PasswordHash,
			"root:*:20000:0:99999:7:::\nme:!:20000:0:99999:7:::\nx:!!:1::::::\n"},
		{"/etc/shadow-", "root::20000:0:99999:7:::\n", "an account that needs no password", "root:x\n"},
		{"/root/.aws/credentials", "[default]\naws_secret_access_key = wJalrXUtnFEMI\n", "AWS credentials",
			"[default]\nregion = eu-central-1\n"},
		{"/root/.config/gcloud/legacy.json", `{"refresh_token": "1//0x"}`, "Google Cloud credentials",
			`{"project": "x"}`},
		{"/app/application_default_credentials.json", `{"private_key": "x"}`, "Google Cloud credentials", `{}`},
		{"/root/.azure/accessTokens.json", `[{"refreshToken": "x"}]`, "Azure credentials", `[]`},
		{"/root/.kube/config", "users:\n- user:\n    client-key-data: LS0t\n", "Kubernetes credentials",
			"clusters: []\n"},
		{"/root/.s3cfg", "[default]\nsecret_key = x7Gq2Lk9\n", "credentials of a storage",
			"[default]\nhost_base = s3\n"},
		{"/root/.vault-token", "hvs.CAESI", "a Vault token", ""},
		{"/root/.terraform.d/credentials.tfrc.json", `{"credentials": {"app.terraform.io": {"token": "x"}}}`,
			"a Terraform token", `{}`},
		{"/root/.config/gh/hosts.yml", "github.com:\n    oauth_token: gho_x\n", "a GitHub token",
			"github.com:\n    user: me\n"},
		{"/root/.docker/config.json", `{"auths": {"quay.io": {"auth": "bWU6eA=="}}}`, "registry credentials",
			`{"credsStore": "pass"}`},
		{"/run/containers/auth.json", `{"auths": {"quay.io": {"auth": "bWU6eA=="}}}`, "registry credentials",
			`{"auths": {}}`},
		{"/root/.npmrc", "//registry.npmjs.org/:_authToken=npm_x\n", "an npm token", "fund=false\n# _authToken=x\n"},
		{"/root/.yarnrc.yml", "npmAuthToken: x\n", "an npm token", "nodeLinker: node-modules\n"},
		{"/root/.pypirc", "[pypi]\nusername = __token__\npassword = pypi-AgEIcHlwaS5vcmc\n",
			"a Python index's password", "[distutils]\nindex-servers = pypi\n"},
		{"/etc/pip.conf", "[global]\nindex-url = https://me:gLs9xK2p@pypi.example.org/simple\n",
			"a Python index's password", "[global]\nindex-url = https://pypi.example.org/simple\n"},
		{"/root/.config/pypoetry/auth.toml", "[http-basic.x]\npassword = \"gLs9xK2p\"\n", "a Python index's password",
			"[http-basic.x]\nusername = \"me\"\n"},
		{"/root/.cargo/credentials.toml", "[registry]\ntoken = \"cioX\"\n", "a Cargo registry's token", "[registry]\n"},
		{"/root/.gem/credentials", ":rubygems_api_key: rubygems_x\n", "a RubyGems key", "---\n"},
		{"/root/.m2/settings.xml", "<server><password>x</password></server>\n", "a Maven repository's password",
			"<settings/>\n"},
		{"/root/.composer/auth.json", `{"github-oauth": {"github.com": "x"}}`, "a Composer repository's password",
			`{}`},
		{"/app/NuGet.Config", `<add key="ClearTextPassword" value="x"/>`, "a NuGet feed's password",
			`<configuration/>`},
		{"/etc/apt/auth.conf.d/x.conf", "machine deb.example.org login me password gLs9xK2p\n",
			"an apt repository's password", "# machine x login y password z\n"},
		{"/etc/apt/sources.list.d/x.list", "deb https://me:gLs9xK2p@deb.example.org stable main\n",
			"a package repository's password", "deb https://deb.debian.org/debian stable main\n"},
		{"/etc/yum.repos.d/x.repo", "[x]\npassword=gLs9xK2p\n", "a package repository's password",
			"[x]\nbaseurl=https://x\n"},
		{"/root/.netrc", "machine x login me password gLs9xK2p\n", "passwords for hosts", "machine x login me\n"},
		{"/root/.pgpass", "db:5432:*:me:gLs9xK2p\n", "a database's password", "# host:port:database:user:password\n"},
		{"/root/.my.cnf", "[client]\npassword=gLs9xK2p\n", "a database's password", "[client]\nuser=me\n"},
		{"/etc/wireguard/wg0.conf", "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n",
			"a WireGuard key", "[Interface]\nListenPort = 51820\n"},
		{"/etc/app.keytab", "\x05\x02", "a Kerberos keytab", ""},
		{"/app/store.p12", "\x30\x82", "a key store", ""},
		{"/etc/ssl/certs/java/cacerts.jks", "\xfe\xed", "", ""},
		{"/usr/bin/ls", "\x7fELF", "", ""},
	} {
		if got := DetectFile(test.name, []byte(test.with)); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if test.want != "" && !MayHold(test.name, int64(len(test.with))) {
			t.Errorf("%s is not read", test.name)
		}
		if got := DetectFile(test.name, []byte(test.without)); got != "" {
			t.Errorf("%s without a secret: %q", test.name, got)
		}
	}
	if MayHold("/usr/lib/libc.so.6", 2<<20) || MayHold("/etc/empty", 0) || !MayHold("/root/.kube/config", 2<<20) {
		t.Error("which files are read")
	}
}

// TestWeakDefaults holds that a password that attackers try first is a finding that says so, and that what has to be
// replaced is none.
func TestWeakDefaults(t *testing.T) {
	const want = "a password that attackers try first"
	for _, test := range []struct{ name, value string }{
		{"POSTGRES_PASSWORD", "changeme"}, {"MYSQL_ROOT_PASSWORD", "example"}, {"KEYCLOAK_ADMIN_PASSWORD", "admin"},
		{"POSTGRES_PASSWORD", "postgres"}, {"MINIO_ROOT_PASSWORD", "minioadmin"},
	} {
		if m, _ := DetectPair(test.name, test.value); m.What != want || m.Confidence != Likely {
			t.Errorf("%s=%s: %+v", test.name, test.value, m)
		}
	}
	if m, _ := DetectPair("MONGO_URL", "mongodb://root:example@mongo:27017/"); m.What != want+", in a URL" ||
		m.Confidence != Sure {
		t.Errorf("in a URL: %+v", m)
	}
	for _, value := range []string{"<your-password>", "REPLACE_ME", "set-a-strong-password", "CHANGEME",
		"changemeplease"} {
		if m, ok := DetectPair("POSTGRES_PASSWORD", value); ok {
			t.Errorf("%s: %+v", value, m)
		}
	}
}

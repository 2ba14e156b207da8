package secret

import (
	"regexp"
	"strings"
)

// format is a kind of token that is known by its looks.
type format struct {
	what string
	// has is a piece that every token of the kind holds; looking for it is much cheaper than the expression.
	has     string
	pattern func() *regexp.Regexp
}

func known(what, has, pattern string) format {
	return format{what, has, lazy(pattern)}
}

// formats holds the tokens that their issuers made recognisable. The patterns are those that the issuers document, or
// the shape of what they hand out.
var formats = []format{
	known("a private key", "PRIVATE KEY", `-----BEGIN [A-Z0-9 ]*PRIVATE KEY`),
	known("an age secret key", "AGE-SECRET-KEY-", `\bAGE-SECRET-KEY-1[0-9A-Z]{50,}`),
	known("a GitHub token", "gh", `\bgh[pousr]_[A-Za-z0-9]{36,}`),
	known("a GitHub token", "github_pat_", `\bgithub_pat_[A-Za-z0-9_]{22,}`),
	known("a GitLab token", "gl", `\bgl(?:pat|dt|rt|soat|ptt|oas|ft|cbt|agent|imt)-[A-Za-z0-9_-]{20,}`),
	known("an AWS access key", "A", `\b(?:AKIA|ASIA)[A-Z2-7]{16}\b`),
	known("a Slack token", "xox", `\bxox[abeoprs]-[A-Za-z0-9-]{10,}`),
	known("a Slack token", "xapp-", `\bxapp-[0-9]-[A-Z0-9]+-[0-9]+-[a-z0-9]+`),
	known("a Slack webhook", "hooks.slack.com", `hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,}`),
	known("a Discord webhook", "/api/webhooks/", `discord(?:app)?\.com/api/webhooks/[0-9]+/[A-Za-z0-9_-]{30,}`),
	known("a Telegram bot token", ":AA", `\b[0-9]{8,10}:AA[A-Za-z0-9_-]{32,34}\b`),
	known("a Stripe key", "k_", `\b[rs]k_(?:live|test|prod)_[A-Za-z0-9]{16,}`),
	known("a Stripe webhook secret", "whsec_", `\bwhsec_[A-Za-z0-9]{20,}`),
	known("a Google API key", "AIza", `\bAIza[A-Za-z0-9_-]{35}`),
	known("a Google OAuth secret", "GOCSPX-", `\bGOCSPX-[A-Za-z0-9_-]{20,}`),
	known("an Anthropic key", "sk-ant-", `\bsk-ant-[A-Za-z0-9_-]{20,}`),
	known("an OpenAI key", "sk-", `\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]*[0-9][A-Za-z0-9_-]{18,}`),
	known("an npm token", "npm_", `\bnpm_[A-Za-z0-9]{36}`),
	known("a PyPI token", "pypi-", `\bpypi-[A-Za-z0-9_-]{50,}`),
	known("a DigitalOcean token", "_v1_", `\bdo[opr]_v1_[a-f0-9]{64}`),
	known("a Hugging Face token", "hf_", `\bhf_[A-Za-z0-9]{30,}`),
	known("a SendGrid key", "SG.", `\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}`),
	known("a Twilio key", "SK", `\bSK[0-9a-f]{32}\b`),
	known("a Mailgun key", "key-", `\bkey-[0-9a-f]{32}\b`),
	known("a JSON web token", "eyJ", `\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`),
	known("a Vault token", "hv", `\bhv[sbr]\.[A-Za-z0-9_-]{24,}`),
	known("a Docker token", "dckr_", `\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{24,}`),
	known("a Tailscale key", "tskey-", `\btskey-[a-z]+-[A-Za-z0-9]+-?[A-Za-z0-9]*`),
	known("a Grafana token", "gl", `\bgl(?:sa|c)_[A-Za-z0-9+/=_]{30,}`),
	known("a Shopify token", "shp", `\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}`),
	known("an Atlassian token", "ATATT3", `\bATATT3[A-Za-z0-9_=-]{50,}`),
	known("a New Relic key", "NRAK-", `\bNRAK-[A-Z0-9]{27}`),
	known("a Linear key", "lin_api_", `\blin_api_[A-Za-z0-9]{40}`),
	known("a Databricks token", "dapi", `\bdapi[a-f0-9]{32}`),
	known("a Plex claim", "claim-", `\bclaim-[A-Za-z0-9_-]{20}\b`),
	known("a ping address of healthchecks.io", "hc-ping.com/", `hc-ping\.com/[A-Za-z0-9-]{20,}`),
	known("a Teams webhook", "/webhookb2/", `webhook\.office\.com/webhookb2/[A-Za-z0-9-]{20,}`),
	known("an address to push a status to", "/api/push/", `/api/push/[A-Za-z0-9]{8,}`),
	known("a notification service's token", "://",
		`\b(?:gotify|slack|tgram|pover|discord|pushover)://\S*[/@:][A-Za-z0-9._-]{14,}`),
	known("a notification service's token", "://", `\b(?:discord|telegram|pushbullet)://[A-Za-z0-9._:-]{20,}@`),
	known("a Swarm token", "SWMTKN-", `\bSWMTKN-1-[a-z0-9A-Z]{20,}`),
	known("a signature in a URL", "sig", `[?&](?:sig|X-Amz-Signature)=[A-Za-z0-9%+/=_-]{20,}`),
	known("a signature in a URL", "X-Amz-Signature", `[?&]X-Amz-Signature=[a-f0-9]{32,}`),
	known("an HTTP authorization", " ",
		`^(?:Bearer|Basic|bearer|basic) [A-Za-z0-9+/=._~-]*[0-9][A-Za-z0-9+/=._~-]{8,}$`),
	known("an HTTP authorization", "uthorization",
		`(?i)\bauthorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)(?:\s+|%20)[A-Za-z0-9+/=._~-]{8,}`),
}

// inFormats looks for a token that is known by its looks.
func inFormats(text string) (Match, bool) {
	for _, f := range formats {
		if !strings.Contains(text, f.has) {
			continue
		}
		if token := f.pattern().FindString(text); token != "" && !isPlaceholder(token) {
			return Match{What: f.what, Confidence: Sure}, true
		}
	}
	return Match{}, false
}

// credentials finds the password of a URL's user: scheme://user:password@host.
var credentials = lazy(`[A-Za-z][A-Za-z0-9+.-]*://([^\s/?#:@'"]*):([^\s/'"@]+(?:@[^\s/'"@]+)*)@[^\s/@]`)

var (
	// drivers finds the password of a data source name: user:password@tcp(host).
	drivers = lazy(`(?:^|[=\s"'])[^\s:/@'"]+:([^\s@'"]+)@(?:tcp|unix)?\(`)
	// oracle finds the password of user/password@host.
	oracle = lazy(`(?:^|thin:|\s)[A-Za-z][A-Za-z0-9_]*/([^\s@/'"]+)@(?:/|[A-Za-z])`)
	// userTokens finds a token in the place of a URL's user.
	userTokens = lazy(`([a-z][a-z0-9+.-]*)://([A-Za-z0-9_.-]{16,})@`)
	// queries finds the parameters of a URL's query, and of JDBC's.
	queries = lazy(`[?&;]([A-Za-z][A-Za-z0-9_.-]*)=([^&;#\s"']+)`)
)

// inURL looks for a URL or a data source name with a password in it.
func inURL(text string) (Match, bool) {
	if strings.Contains(text, "@") {
		if m, ok := inUserOfURL(text); ok {
			return m, true
		}
	}
	if !strings.Contains(text, "=") || !strings.Contains(text, "://") {
		return Match{}, false
	}
	for _, m := range queries().FindAllStringSubmatch(text, -1) {
		name, value := m[1], m[2]
		lower := strings.ToLower(name)
		vague := lower == "key" || lower == "auth" || lower == "appid"
		if len(value) >= 6 && (namesSecret(name) && isKeyed(name, value) || vague && isChosen(value)) {
			return Match{What: "a secret in a URL's query", Name: name, Confidence: Likely}, true
		}
	}
	return Match{}, false
}

func inUserOfURL(text string) (Match, bool) {
	if strings.Contains(text, "://") {
		if m, ok := inUserInfo(text); ok {
			return m, true
		}
	}
	return inDataSource(text)
}

// inUserInfo finds a password or a token before the host of a URL.
func inUserInfo(text string) (Match, bool) {
	for _, m := range credentials().FindAllStringSubmatch(text, -1) {
		if password := m[2]; !isNoSecret(password) && !isReference(password) {
			if weak[strings.ToLower(password)] {
				return Match{What: "a password that attackers try first, in a URL", Confidence: Sure}, true
			}
			return Match{What: "a password in a URL", Confidence: Sure}, true
		}
	}
	for _, m := range userTokens().FindAllStringSubmatch(text, -1) {
		sentry := strings.HasPrefix(m[1], "http") && hexadecim().MatchString(m[2]) && len(m[2]) == 32
		if isChosen(m[2]) && !sentry {
			return Match{What: "a token in a URL", Confidence: Likely}, true
		}
	}
	return Match{}, false
}

// inDataSource finds a password in what Go's drivers and Oracle's clients are given: user:password@tcp(host), and
// user/password@host.
func inDataSource(text string) (Match, bool) {
	if strings.Contains(text, "(") {
		for _, m := range drivers().FindAllStringSubmatch(text, -1) {
			if password := m[1]; !isNoSecret(password) && !isReference(password) {
				return Match{What: "a password in a data source name", Confidence: Sure}, true
			}
		}
	}
	if strings.Contains(text, "/") {
		for _, m := range oracle().FindAllStringSubmatch(text, -1) {
			if isChosen(m[1]) {
				return Match{What: "a password in a data source name", Confidence: Likely}, true
			}
		}
	}
	return Match{}, false
}

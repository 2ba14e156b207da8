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
	pattern *regexp.Regexp
}

func known(what, has, pattern string) format {
	return format{what, has, regexp.MustCompile(pattern)}
}

// formats holds the tokens that their issuers made recognisable. The patterns are those that the issuers document, or the
// shape of what they hand out.
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
	known("an HTTP authorization", "uthorization", `(?i)\bauthorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)\s+[A-Za-z0-9+/=._~-]{8,}`),
}

// inFormats looks for a token that is known by its looks.
func inFormats(text string) (Match, bool) {
	for _, f := range formats {
		if !strings.Contains(text, f.has) {
			continue
		}
		if token := f.pattern.FindString(text); token != "" && !isPlaceholder(token) {
			return Match{What: f.what, Confidence: Sure}, true
		}
	}
	return Match{}, false
}

// credentials finds the password of a URL's user: scheme://user:password@host.
var credentials = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://([^\s/?#:@'"]*):([^\s/'"@]+(?:@[^\s/'"@]+)*)@[^\s/@]`)

// inURL looks for a URL with a password in it.
func inURL(text string) (Match, bool) {
	if !strings.Contains(text, "://") || !strings.Contains(text, "@") {
		return Match{}, false
	}
	for _, m := range credentials.FindAllStringSubmatch(text, -1) {
		if password := m[2]; !isNoSecret(password) && !isReference(password) {
			return Match{What: "a password in a URL", Confidence: Sure}, true
		}
	}
	return Match{}, false
}

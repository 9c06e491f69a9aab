package config

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

// The defaults of usher.yaml.
const (
	DefaultListen = "127.0.0.1:8080"
	DefaultData   = "data"
)

// defaultOrganizations are the patterns of organization files where usher.yaml names none.
func defaultOrganizations() []string {
	return []string{"organizations/*.yaml", "organizations/*.yml", "organizations/*.json"}
}

// operatorTable is the table of usher.yaml.
func operatorTable() *object[Operator] {
	path := func() value[string] { return anyText() }
	return &object[Operator]{
		name: "file", noun: "usher.yaml", doc: "What the person who runs usher decides. Paths are relative to this file.",
		keys: []key[Operator]{
			in("$schema", anyText(), func(*Operator) *string { return new(string) }, "The JSON Schema of this file, for editors.", "usher.schema.json"),
			in("listen", listenAddress(), func(o *Operator) *string { return &o.Listen }, "The address to listen on; "+DefaultListen+" without it.", DefaultListen),
			in("public_url", originURL(), func(o *Operator) *string { return &o.PublicURL }, "Under which scheme and host providers and people reach usher.", "https://usher.acme.com"),
			in("data", path(), func(o *Operator) *string { return &o.Data }, "The directory of the embedded store; "+DefaultData+" without it.", "./data"),
			in("organizations", someOf(path(), "a list of files or patterns"), func(o *Operator) *[]string { return &o.Organizations }, "The organization files; organizations/*.yaml, *.yml and *.json without it.", `["organizations/*.yaml"]`),
			in("tls", tlsTable().value(), func(o *Operator) *TLS { return &o.TLS }, "The server's own certificate, where no proxy ends TLS before it.", "{certificate: tls.crt, key: tls.key}"),
			in("trusted_proxies", listOf(proxyAddress(), "a list of addresses"), func(o *Operator) *[]string { return &o.TrustedProxies }, "Addresses and prefixes whose X-Forwarded-For is believed.", "[10.0.0.0/8]"),
			in("log", logTable().value(), func(o *Operator) *Log { return &o.Log }, "What is logged, and how.", "{level: info, format: json}"),
			in("backup", backupTable().value(), func(o *Operator) *Backup { return &o.Backup }, "Scheduled copies of the store.", "{directory: backups, every: 1d, keep: 7}"),
			in("clients", listOf(clientTable().value(), "a list of applications"), func(o *Operator) *[]Client { return &o.Clients },
				"The applications that sign people in through usher, by OpenID Connect.", `[{id: app, secret: "${env:APP_SECRET}", redirect_uris: ["https://app.acme.com/callback"]}]`),
			in("secrets", organizationSecrets(), func(o *Operator) *map[string]map[string]string { return &o.Secrets },
				"Where each organization's secrets come from.", `{acme: {okta: "${env:ACME_OKTA_SECRET}"}}`).orBlank(),
			in("domains", declaredDomains(), func(o *Operator) *[]Declared { return &o.Domains },
				"Which mail domains are whose, by your own word. Every other domain is proven by a DNS record before anybody joins by it.", "{acme: [acme.com, acme.org]}").orBlank(),
			in("private_networks", privateNetworks(), func(o *Operator) *map[string][]string { return &o.PrivateNetworks },
				"Networks that usher may reach for a connection's provider although they are not public, such as that of a provider in your own house.",
				"{acme-keycloak: [10.20.0.0/16]}").orBlank(),
			in("mail", optional(mailTable().value()), func(o *Operator) **Mail { return &o.Mail }, "The server through which usher sends mail; without it, usher sends none.",
				"{smtp: \"smtp://mail.acme.com:587\", from: usher@acme.com}").orBlank(),
		},
		start: func(at directory.Position) Operator {
			return Operator{At: at, Listen: DefaultListen, Data: DefaultData, Organizations: defaultOrganizations(), Log: Log{Level: "info", Format: "text", Access: true}}
		},
		finish: func(d *decoder, n *node, o *Operator) {
			checkPublicURL(d, n, o)
			uniqueBy(d, "client", o.Clients, func(c Client) (string, directory.Position) { return c.ID, c.At })
			if o.PublicURL == "" {
				scheme := "http://"
				if o.TLS.Certificate != "" {
					scheme = "https://"
				}
				o.PublicURL = scheme + o.Listen
				if strings.HasPrefix(o.Listen, ":") {
					o.PublicURL = scheme + "localhost" + o.Listen
				}
			}
		},
	}
}

func tlsTable() *object[TLS] {
	return &object[TLS]{
		name: "tls", noun: `"tls"`, doc: "The server's own certificate.",
		keys: []key[TLS]{
			in("certificate", anyText(), func(t *TLS) *string { return &t.Certificate }, "A PEM file with the certificate and its chain.", "tls.crt").must(),
			in("key", anyText(), func(t *TLS) *string { return &t.Key }, "A PEM file with its private key.", "tls.key").must(),
		},
	}
}

func logTable() *object[Log] {
	return &object[Log]{
		name: "log", noun: `"log"`, doc: "What is logged, and how.",
		keys: []key[Log]{
			in("level", oneOf("debug", "info", "warn", "error"), func(l *Log) *string { return &l.Level }, "The least level; info without it.", "info"),
			in("format", oneOf("text", "json"), func(l *Log) *string { return &l.Format }, "text, the default, or json.", "json"),
			in("access", boolean(), func(l *Log) *bool { return &l.Access }, "Whether every request gets a line; true without it.", "true"),
		},
		start: func(directory.Position) Log { return Log{Level: "info", Format: "text", Access: true} },
	}
}

func backupTable() *object[Backup] {
	return &object[Backup]{
		name: "backup", noun: `"backup"`, doc: "Scheduled copies of the store.",
		keys: []key[Backup]{
			in("directory", anyText(), func(b *Backup) *string { return &b.Directory }, "Where the copies go.", "backups").must(),
			in("every", duration(), func(b *Backup) *time.Duration { return &b.Every }, "How often; once a day without it.", "1d"),
			in("keep", count(1), func(b *Backup) *int { return &b.Keep }, "How many copies to keep; 7 without it.", "7"),
		},
		start: func(directory.Position) Backup { return Backup{Every: 24 * time.Hour, Keep: 7} },
	}
}

// named is one entry of a mapping with names of the writer's choice.
type named[V any] struct {
	name  string
	value V
}

// organizationSecrets maps organization and NAME to the place where a secret is.
func organizationSecrets() value[map[string]map[string]string] {
	source := &jsonschema.Schema{Type: "string", Pattern: secretSource.String()}
	byName := mapOf(readSecretSource, func(a, b named[string]) int { return cmp.Compare(a.name, b.name) },
		func(*definitions) *jsonschema.Schema { return source }, "a mapping from the names of secrets to where they are")
	byOrganization := mapOf(func(d *decoder, key, n *node) (named[map[string]string], bool) {
		rows, ok := byName.read(d, n, spot{key: key.text, example: `{okta: "${env:ACME_OKTA_SECRET}"}`})
		return named[map[string]string]{key.text, collect(rows)}, ok
	}, func(a, b named[map[string]string]) int { return cmp.Compare(a.name, b.name) }, byName.schema, "a mapping from organizations to their secrets")
	return value[map[string]map[string]string]{
		schema: byOrganization.schema,
		read: func(d *decoder, n *node, s spot) (map[string]map[string]string, bool) {
			rows, ok := byOrganization.read(d, n, s)
			return collect(rows), ok
		},
	}
}

func collect[V any](rows []named[V]) map[string]V {
	out := make(map[string]V, len(rows))
	for _, r := range rows {
		out[r.name] = r.value
	}
	return out
}

// readSecretSource reads ${env:X} or ${file:/path}. A secret in clear is never repeated in the problem.
func readSecretSource(d *decoder, key, n *node) (named[string], bool) {
	text := strings.TrimSpace(n.text)
	if n.kind == isText && secretSource.MatchString(text) {
		d.kept = append(d.kept, keptSecret{at: n.at, name: key.text, source: text})
		return named[string]{key.text, text}, true
	}
	d.src.hide(n)
	d.fail(n.at, fmt.Sprintf("the secret %q is not said by where it comes from", short(key.text)),
		"write ${env:NAME} for an environment variable or ${file:/run/secrets/name} for a file, and replace a secret that stood here: it has been seen")
	return named[string]{}, false
}

package config

import (
	"time"

	"github.com/mixus/usher/directory"
)

// Operator is usher.yaml: what the person who runs usher decides.
type Operator struct {
	At             directory.Position
	Listen         string   // host:port
	PublicURL      string   // scheme and host under which providers and people reach usher
	Data           string   // directory of the embedded store
	Organizations  []string // files or patterns, relative to this file; default organizations/*.yaml and *.json
	TLS            TLS
	TrustedProxies []string // addresses or prefixes whose X-Forwarded-For is believed
	Log            Log
	Backup         Backup
	Clients        []Client                     // applications that sign people in through usher
	Secrets        map[string]map[string]string // organization → NAME → ${env:X} or ${file:/path}
	Domains        []Declared                   // whose domains are by the operator's word, in the order of the file
	Mail           *Mail                        // nil where usher sends none
	// PrivateNetworks are addresses and prefixes, by connection, that usher may reach for its provider although they are not
	// public; Networks reads them.
	PrivateNetworks map[string][]string
}

// TLS is the server's own certificate, where no proxy ends TLS before it.
type TLS struct {
	Certificate string // path of a PEM file
	Key         string
}

// Log says what is logged, and how.
type Log struct {
	Level  string // debug, info, warn or error
	Format string // json or text
	Access bool   // one line per request
}

// Backup is a scheduled copy of the store.
type Backup struct {
	Directory string
	Every     time.Duration
	Keep      int
}

// Mail is the server through which usher sends mail.
type Mail struct {
	At       directory.Position
	SMTP     string // smtp://host:port, which insists on STARTTLS except on this machine, or smtps://host:port
	User     string // "" where the server asks for none
	Password string // ${env:X} or ${file:/path}; Secrets.Read reads it
	From     string // an address, with a name before it or without
	ReplyTo  string // alike; "" for From
	Timeout  time.Duration
}

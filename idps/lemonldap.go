package idps

import (
	"embed"
	"encoding/json"
	"strings"
	"testing"
)

//go:embed lemonldap
var lemonLDAPFiles embed.FS

// StartLemonLDAP starts LemonLDAP::NG, which speaks SAML and OpenID Connect to the same people: each where the Client has
// something of it. It wants signed SAML requests, signs both the response and the
// assertion, and posts no logout tokens.
func StartLemonLDAP(t testing.TB, c Client) *Provider {
	t.Helper()
	if c.RedirectURI == "" && c.Metadata == nil {
		t.Fatal("idps: LemonLDAP::NG is to be told a redirect URI, or our SAML metadata, or both")
	}
	plackup := find("plackup")
	ready, says := ".well-known/openid-configuration", "issuer"
	if c.Metadata != nil {
		ready, says = "saml/metadata", "EntityDescriptor"
	}
	base := program{
		name:  "LemonLDAP::NG",
		needs: []string{plackup, "/usr/share/perl5/Lemonldap/NG/Portal/Main.pm", "/usr/share/lemonldap-ng/portal/templates"},
		ready: ready,
		says:  says,
		configure: func(_, host string) (launch, error) {
			files, err := lemonLDAPConfig(host, c)
			address, port, _ := strings.Cut(host, ":")
			return launch{
				argv:  []string{plackup, "--env", "deployment", "--host", address, "--port", port, "app.psgi"},
				env:   []string{"LLNG_DEFAULTCONFFILE=lemonldap-ng.ini"},
				files: files,
			}, err
		},
	}.start(t)
	p := &Provider{Name: "LemonLDAP::NG", Base: base}
	if c.RedirectURI != "" {
		p.Issuer, p.ClientID, p.ClientSecret = base, clientID, plainSecret
	}
	if c.Metadata != nil {
		p.EntityID, p.MetadataURL = base+"saml/metadata", base+"saml/metadata"
	}
	return p
}

func lemonLDAPConfig(host string, c Client) (map[string][]byte, error) {
	files := map[string][]byte{"cache/.keep": nil, "sessions/lock/.keep": nil, "psessions/lock/.keep": nil}
	for _, name := range []string{"app.psgi", "lemonldap-ng.ini"} {
		content, err := lemonLDAPFiles.ReadFile("lemonldap/" + name)
		if err != nil {
			return nil, err
		}
		files[name] = content
	}
	k, err := newKey()
	if err != nil {
		return nil, err
	}
	if files["settings.json"], err = settings(host, c); err != nil {
		return nil, err
	}
	config := lemonLDAPPortal(host)
	if c.RedirectURI != "" {
		lemonLDAPOpenID(config, c, k)
	}
	if c.Metadata != nil {
		lemonLDAPSAML(config, c, k)
	}
	files["conf/lmConf-1.json"], err = json.MarshalIndent(config, "", "  ")
	return files, err
}

type tree = map[string]any

func lemonLDAPPortal(host string) tree {
	return tree{
		"cfgNum": 1, "cfgVersion": "2.16.1", "cfgAuthor": "tests", "cfgDate": "1",
		"portal": "http://" + host + "/", "domain": "127.0.0.1", "key": "a key of tests", "securedCookie": 0,
		"authentication": "Demo", "userDB": "Same", "passwordDB": "Null", "registerDB": "Null",
		"exportedVars":     tree{},
		"demoExportedVars": tree{"uid": "uid", "id": "id", "mail": "mail", "cn": "cn", "givenName": "givenName", "sn": "sn"},
		"whatToTrace":      "uid", "loginHistoryEnabled": 0, "portalSkin": "bootstrap", "portalCheckLogins": 0,
		"globalStorage":            "Apache::Session::File",
		"globalStorageOptions":     tree{"Directory": "sessions", "LockDirectory": "sessions/lock"},
		"persistentStorage":        "Apache::Session::File",
		"persistentStorageOptions": tree{"Directory": "psessions", "LockDirectory": "psessions/lock"},
		"localSessionStorage":      "Cache::FileCache",
		"localSessionStorageOptions": tree{
			"namespace": "sessions", "default_expires_in": 600, "cache_root": "cache", "cache_depth": 3,
		},
		"portalForceAuthnInterval": 2,                // seconds for which a sign-in is fresh; 5 unless told
		"captcha":                  "::Main::Plugin", // none: nobody is shown its pictures, which want many packages
		"locationRules":            tree{}, "exportedHeaders": tree{}, "macros": tree{}, "groups": tree{}, "applicationList": tree{},
	}
}

func lemonLDAPOpenID(config tree, c Client, k key) {
	config["issuerDBOpenIDConnectActivation"] = 1
	config["oidcServicePrivateKeySig"] = string(k.private)
	config["oidcServicePublicKeySig"] = string(k.public)
	config["oidcServiceKeyIdSig"] = "tests"
	config["oidcRPMetaDataOptions"] = tree{clientID: tree{
		"oidcRPMetaDataOptionsClientID":               clientID,
		"oidcRPMetaDataOptionsClientSecret":           plainSecret, // it does not decode what it gets in the header
		"oidcRPMetaDataOptionsRedirectUris":           c.RedirectURI,
		"oidcRPMetaDataOptionsPostLogoutRedirectUris": c.LogoutURI,
		"oidcRPMetaDataOptionsIDTokenSignAlg":         "RS256",
		"oidcRPMetaDataOptionsRequirePKCE":            1,
		"oidcRPMetaDataOptionsBypassConsent":          1,
		"oidcRPMetaDataOptionsLogoutBypassConfirm":    1,
		"oidcRPMetaDataOptionsUserIDAttr":             "id",
	}}
	config["oidcRPMetaDataExportedVars"] = tree{clientID: tree{
		"email": "mail", "name": "cn", "given_name": "givenName", "family_name": "sn", "preferred_username": "uid",
		"groups": "groups", // its default: a list for several, and plain text for one
	}}
	config["oidcRPMetaDataOptionsExtraClaims"] = tree{clientID: tree{"groups": "groups"}}
}

func lemonLDAPSAML(config tree, c Client, k key) {
	encryption := "none"
	if c.Encrypt {
		encryption = "assertion"
	}
	config["issuerDBSAMLActivation"] = 1
	for _, use := range []string{"Sig", "Enc"} {
		config["samlServicePrivateKey"+use] = string(k.private)
		config["samlServicePublicKey"+use] = string(k.certificate)
	}
	config["samlServiceUseCertificateInResponse"] = 1
	config["samlSPMetaDataXML"] = tree{clientID: tree{"samlSPMetaDataXML": string(c.Metadata)}}
	config["samlSPMetaDataOptions"] = tree{clientID: tree{
		"samlSPMetaDataOptionsCheckSSOMessageSignature": 1,
		"samlSPMetaDataOptionsCheckSLOMessageSignature": 1,
		"samlSPMetaDataOptionsSignSSOMessage":           1,
		"samlSPMetaDataOptionsSignSLOMessage":           1,
		"samlSPMetaDataOptionsEncryptionMode":           encryption,
	}}
	config["samlSPMetaDataExportedAttributes"] = tree{clientID: tree{
		"mail": "1;mail", "cn": "0;displayName", "givenName": "0;givenName", "sn": "0;sn", "uid": "0;uid", "groups": "0;groups",
	}}
}

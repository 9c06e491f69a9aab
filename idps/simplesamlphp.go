package idps

import (
	"embed"
	"net/url"
	"path/filepath"
	"testing"
)

//go:embed simplesamlphp
var simpleSAMLphpFiles embed.FS

// StartSimpleSAMLphp starts SimpleSAMLphp. It wants signed requests, signs the response, and the assertion too where our
// metadata wants that, encrypts the assertion where the Client says so, and calls attributes by their OIDs.
func StartSimpleSAMLphp(t testing.TB, c Client) *Provider {
	t.Helper()
	if c.Metadata == nil {
		t.Fatal("idps: SimpleSAMLphp is to be told our SAML metadata")
	}
	const root = "/usr/share/simplesamlphp/www"
	php := find("php")
	base := program{
		name:  "SimpleSAMLphp",
		needs: []string{php, filepath.Join(root, "saml2", "idp", "metadata.php")},
		ready: "saml2/idp/metadata.php",
		says:  "EntityDescriptor",
		configure: func(dir, host string) (launch, error) {
			files, err := simpleSAMLphpConfig(host, c)
			return launch{
				argv:  []string{php, "-S", host, "-t", root},
				env:   []string{"SIMPLESAMLPHP_CONFIG_DIR=" + dir},
				files: files,
			}, err
		},
	}.start(t)
	metadata := base + "saml2/idp/metadata.php"
	returnTo := c.LogoutURI
	if returnTo == "" {
		returnTo = base
	}
	return &Provider{
		Name: "SimpleSAMLphp", Base: base, EntityID: metadata, MetadataURL: metadata,
		LogoutPage: base + "saml2/idp/SingleLogoutService.php?" + url.Values{"ReturnTo": {returnTo}}.Encode(),
	}
}

func simpleSAMLphpConfig(host string, c Client) (map[string][]byte, error) {
	files := map[string][]byte{"sp.xml": c.Metadata, "tmp/.keep": nil}
	for from, to := range map[string]string{
		"config.php": "config.php", "authsources.php": "authsources.php", "saml20-idp-hosted.php": "metadata/saml20-idp-hosted.php",
	} {
		content, err := simpleSAMLphpFiles.ReadFile("simplesamlphp/" + from)
		if err != nil {
			return nil, err
		}
		files[to] = content
	}
	var err error
	if files["settings.json"], err = settings(host, c); err != nil {
		return nil, err
	}
	k, err := newKey()
	files["idp.key"], files["idp.crt"] = k.private, k.certificate
	return files, err
}

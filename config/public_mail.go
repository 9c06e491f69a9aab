package config

import "slices"

// publicMail are domains at which anybody can have an address: the large providers of mailboxes, by what they and the
// published lists of free providers say. None of them is an organization's own. The list is short on purpose; a domain that
// is not on it has to be proven like any other before anybody joins by it.
func publicMail() []string {
	return []string{
		"126.com", "163.com", "aol.com", "btinternet.com", "comcast.net", "duck.com", "fastmail.com", "free.fr", "gmail.com", "gmx.at",
		"gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.fr",
		"hotmail.it", "icloud.com", "laposte.net", "libero.it", "live.com", "mac.com", "mail.com", "mail.ru", "mailbox.org", "me.com",
		"msn.com", "naver.com", "orange.fr", "outlook.com", "outlook.de", "outlook.fr", "passport.com", "pm.me", "posteo.de", "proton.me",
		"protonmail.ch", "protonmail.com", "qq.com", "rocketmail.com", "seznam.cz", "t-online.de", "tutanota.com", "verizon.net", "wanadoo.fr", "web.de",
		"wp.pl", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.de", "yahoo.fr", "yandex.com", "yandex.ru", "ymail.com", "zoho.com",
	}
}

// NobodysDomain says why a folded domain is no organization's own, and what to name instead; "" of any other.
func NobodysDomain(domain string) (why, fix string) {
	if !isPublicMail(domain) {
		return "", ""
	}
	return publicMailIsNobodys(domain), publicMailFix
}

// isPublicMail reports whether anybody can have an address at a folded domain.
func isPublicMail(domain string) bool { return slices.Contains(publicMail(), domain) }

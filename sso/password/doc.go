// Package password keeps the passwords of people whom no provider signs in: which are good enough, and what is stored in
// their place.
//
// What is stored is an Argon2id hash with the second recommended parameters of RFC 9106, section 4: 64 MiB, three passes,
// four lanes. A hash takes that memory while it is computed, so that two at most are under way at once; who comes then
// waits for a moment, and is asked to come again where that is not enough.
//
// A password is good enough by its length alone (NIST SP 800-63B-4, section 3.1.1.2), unless it is one that people commonly
// choose, or one that their name or address gives away. The list of common passwords is that of the zxcvbn project, 30,000
// counted in leaked ones, as github.com/trustelem/zxcvbn v1.0.1 ships it (MIT license).
package password

// Package passkey makes and recognizes passkeys (Web Authentication Level 3): keys on people's own devices, for those whom no
// provider signs in.
//
//	Register ─ options, ceremony ─▶ browser ─ navigator.credentials.create ─▶ Registered ─▶ directory.Passkey
//	Ask ────── options, ceremony ─▶ browser ─ navigator.credentials.get ────▶ Answered ──▶ Assertion
//
// The device has to know its owner (user verification), and to remember whose the key is, so that nobody types an address
// (a discoverable credential). What make the device is of is not asked for. A ceremony is kept by the browser, sealed by
// whoever calls; that each is answered once, and that no device counts backwards, is for the engine to see in its transaction.
package passkey

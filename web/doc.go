// Package web holds the pages that people see when they sign in: what happened, what to do, and whom to ask.
//
//	handler ──▶ Pages.Render(w, status, Login{…}) ──▶ texts + template ──▶ answer
//
// It is presentation only. It knows no store, no session and no protocol: a handler says which page, with which values, and
// the package escapes them, puts them into words and sends them with the headers that such a page needs. The pages run no
// script and need none, have no inline style, and load nothing but one stylesheet, one icon and the organization's logo.
//
// The words are in one table, English, and nowhere else. A handler gives names and addresses, never sentences. No page
// tells whether an account exists to somebody who has not signed in at its provider.
package web

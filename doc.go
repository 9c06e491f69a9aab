// Package usher shows people to their places: it stands between a company's identity providers and an application that
// people work in together, takes what the providers say, decides by a mapping file who belongs where and why, and tells
// the application.
//
// The root holds no code. The program is cmd/usher, the map of the packages is docs/architecture.md, and arch_test.go
// keeps the map true: it fails when an import goes against it.
package usher

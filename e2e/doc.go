// Package e2e signs people in from end to end: real providers and real browsers meet a running usher on the loopback.
// There are only tests here.
//
//	TestProviders   every provider of package idps, by a browser without scripts: join, come back, groups, leave
//	TestBrowser…    Chromium, through usher's pages and the provider's to examples/app, and out again
//	TestCrowd       everybody of a company signs in for the first time at the same moment
//
// A house is one usher with its files, as an operator and a customer write them. It is reached at localhost, and the
// providers and the application at 127.0.0.1, so that for browsers they are different sites, as in real life.
//
// What is not installed is skipped, unless USHER_REQUIRE_IDPS or USHER_REQUIRE_BROWSER is set, as in CI. The browser
// leaves pictures of every page that it came to in .cache/screenshots: in light, in dark, and as wide as a phone.
package e2e

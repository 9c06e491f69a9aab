// Package httpx is what every transport needs around net/http and its ServeMux, and nothing of what they say:
//
//	listener ─▶ Server (timeouts, TLS, drain) ─▶ Edge ─▶ ServeMux ─▶ Handler
//	                                              │
//	                                              ├ request id and client address, in the context
//	                                              ├ deadlines for slow bodies and slow readers
//	                                              ├ recover: an opaque answer, the stack in the log
//	                                              └ one access line and one observation a request
//
// A Handler returns an error, and a Renderer of its transport turns the error into that transport's answer.
package httpx

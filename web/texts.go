package web

import (
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Texts are the words of the pages by key. {name} stands for a value, {Name} for the same at the start of a sentence; when
// the value is not known, the word of that name stands there. An empty line parts paragraphs.
type Texts map[string]string

// English returns the words in English, to which With puts others.
func English() Texts {
	return Texts{
		"lang": "en",
		"dir":  "ltr",

		"word.application":  "the application",
		"word.organization": "your organization",
		"word.provider":     "your company's sign-in",
		"word.support":      "your IT help desk",
		"word.email":        "your address",
		"word.label":        "this sign-in",

		"login.heading":     "Sign in",
		"login.text":        "Enter your work email. We take you to your company's own sign-in page, so your password stays there.",
		"login.button":      "Continue",
		"login.email.label": "Work email",
		"login.email.hint":  "For example ann@company.com",

		"connections.heading": "Choose how to sign in",
		"connections.text":    "{Organization} has more than one sign-in. Choose the one that you use at work.",

		"organizations.heading": "Choose an organization",
		"organizations.text":    "Your address leads to more than one. Which one do you want to go to?",

		"choice.last": "Used last time",
		"other.link":  "Use another email",

		"unknown.heading": "We could not find your sign-in",
		"unknown.text": "No sign-in page goes with {email}. Check the spelling, and use your work address, not a private one.\n\n" +
			"If the address is right, ask the person who invited you, or {support}, which one to use.",
		"unknown.button": "Try another address",

		"post.heading": "One more step",
		"post.text": "Continue to {provider} to sign in.\n\n" +
			"Your browser carries a signed request there. This page runs no scripts, so it waits for you to press the button.",
		"post.button": "Continue",

		"postlogout.heading": "One more step",
		"postlogout.text": "Continue to {provider} to finish signing out.\n\n" +
			"Your browser carries a signed request there. This page runs no scripts, so it waits for you to press the button.",
		"postlogout.button": "Continue",

		"welcome.heading":       "Welcome",
		"welcome.heading.named": "Welcome, {name}",
		"welcome.text":          "You have joined {organization}. Next time, signing in takes you straight to {application}.",
		"welcome.button":        "Continue",
		"detail.role":           "Your role",
		"detail.department":     "Department",
		"detail.teams":          "Teams",

		"awaiting.heading": "Waiting for approval",
		"awaiting.text": "Your sign-in worked. An administrator of {organization} has to approve you first, and has been told.\n\n" +
			"Try again when you have heard from them. If it takes long, ask {support}.",
		"awaiting.button": "Try again",

		"notassigned.heading": "{Provider} did not let you in",
		"notassigned.text":    "Ask {support} to assign the app to you. Then try again.",
		"notassigned.button":  "Try again",

		"notpushed.heading": "Your directory has not told us about you yet",
		"notpushed.text": "Your sign-in worked, but {organization} has not sent us your account. A new account can take an hour to arrive.\n\n" +
			"Try again. If it stays like this, ask {support}.",
		"notpushed.button": "Try again",

		"noplace.heading": "You do not have access yet",
		"noplace.text":    "Your sign-in worked, but {organization} has not given you access to {application}. Ask {support} for it.",

		"paused.heading": "Nobody new can join right now",
		"paused.text":    "{Organization} has paused joining for a while. Try again later, or ask {support}.",
		"paused.button":  "Try again",

		"wrongaccount.heading":   "That is a different account",
		"wrongaccount.text":      "{Provider} signed you in with another account than the one you asked for. Sign in again, and choose the right one.",
		"wrongaccount.text.both": "You asked to sign in as {asked}, and came back as {got}. Sign in again, and choose the account that you want.",
		"wrongaccount.button":    "Sign in again",

		"suspended.heading": "Your access is turned off",
		"suspended.text":    "Your sign-in worked, but your access to {application} is suspended. Ask {support} if you still need it.",

		"expired.heading": "Please start again",
		"expired.text":    "The sign-in took too long, or this page was used before. Nothing is wrong with your account.",
		"expired.button":  "Start again",

		"toomany.heading": "Too many tries",
		"toomany.text":    "Wait a few minutes, and try again. If you cannot get in, ask {support}.",
		"toomany.button":  "Try again",

		"unavailable.heading": "{Provider} does not answer",
		"unavailable.text":    "We could not reach it. This is often over in a few minutes: try again. If it lasts, tell {support}.",
		"unavailable.button":  "Try again",

		"misconfigured.heading": "This sign-in is not set up right",
		"misconfigured.text":    "You have done nothing wrong, and trying again does not help. Send {support} the reference below: they can see what to change.",

		"broken.heading": "Something went wrong",
		"broken.text":    "The fault is ours. Try again in a moment. If it happens again, send {support} the reference below.",
		"broken.button":  "Try again",

		"again.button":   "Try again",
		"contact.button": "Write to {support}",
		"contact.open":   "Ask {support}",
		"contact.mail":   "Sign-in to {application}: reference {reference}",

		"terms.heading":         "Terms of use",
		"terms.text":            "Please read and accept the terms before you go on.",
		"terms.changed.heading": "The terms of use have changed",
		"terms.changed.text":    "Please read and accept the new version before you go on.",
		"terms.document":        "Terms of use, version {version}",
		"terms.link":            "Read the terms, version {version} (new tab)",
		"terms.button":          "Accept and continue",
		"terms.decline":         "Do not accept, and sign out",

		"coderequest.heading":     "Emergency sign-in",
		"coderequest.text":        "For a few named people, when the company's sign-in is down. Administrators are told of every use.",
		"coderequest.button":      "Send me a code",
		"coderequest.back":        "Sign in the usual way",
		"coderequest.email.label": "Email",
		"coderequest.email.hint":  "The address that is registered for emergencies",

		"codeentry.heading":    "Enter your code",
		"codeentry.text":       "If {email} may sign in this way, a code is on its way to it. The code works once, and only in this browser.",
		"codeentry.button":     "Sign in",
		"codeentry.again":      "Send a new code",
		"codeentry.code.label": "Code",
		"codeentry.code.hint":  "From the email that we sent",

		"signout.heading":    "Sign out?",
		"signout.text":       "Signing out ends this session on this device.",
		"signout.text.named": "You are signed in as {email}. Signing out ends this session on this device.",
		"signout.button":     "Sign out",
		"signout.stay":       "Stay signed in",

		"signedout.heading":      "You are signed out",
		"signedout.text":         "You can close this window.",
		"signedout.here.heading": "You are signed out here",
		"signedout.here.text":    "You may still be signed in at {provider}. On a shared computer, sign out there too.",
		"signedout.button":       "Sign in again",

		"problem.heading": "There is a problem",
		"problem.title":   "Problem",
		"email.missing":   "Enter your email address.",
		"email.invalid":   "Enter the whole address, for example ann@company.com.",
		"code.missing":    "Enter the code from the email.",
		"code.wrong":      "This code does not work, or no longer. Check it, or ask for a new one.",

		"help.heading":     "Need help?",
		"help.nobody":      "Ask {support}.",
		"reference":        "Reference",
		"reference.advice": "Give this number when you ask.",
	}
}

// With returns these words with others in their place. Keys that it lacks are kept out, since nobody would see them.
func (t Texts) With(others Texts) Texts {
	out := maps.Clone(t)
	for key, text := range others {
		if _, known := out[key]; known {
			out[key] = text
		}
	}
	return out
}

// put puts values into a text, in one pass: what stands in a value is never taken for a placeholder.
func (t Texts) put(text string, values map[string]string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			out.WriteString("{" + rest)
			return out.String()
		}
		value := t.value(name, values)
		out.WriteString(value)
		if strings.HasSuffix(value, ".") {
			after = strings.TrimPrefix(after, ".") // a sentence that ends with Acme Inc.
		}
		text = after
	}
}

func (t Texts) value(name string, values map[string]string) string {
	lower := strings.ToLower(name)
	if value := values[lower]; value != "" {
		return value
	}
	word := t["word."+lower]
	if lower == name {
		return word
	}
	first, size := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(first)) + word[size:]
}

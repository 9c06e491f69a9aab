//go:build race

package abuse_test

// raceDetector says whether everything takes many times as long.
const raceDetector = true

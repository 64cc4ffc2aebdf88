//go:build race

package main

// raceEnabled: the race detector needs many times the memory.
const raceEnabled = true

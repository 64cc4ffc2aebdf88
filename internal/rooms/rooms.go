// Package rooms holds nothing but the test that keeps the project's rooms apart:
// who may import whom.
package rooms

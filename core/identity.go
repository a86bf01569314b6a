package core

import "encoding/json"

// User is somebody who has logged in or owns a key.
type User struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	IsService bool   `json:"is_service,omitempty"`
	Created   Time   `json:"created"`
}

// Token lets its bearer in until Expiry. The record's key is the token's hash; the
// token itself is shown once and never stored.
type Token struct {
	ID       string          `json:"id"`
	User     string          `json:"user"`
	Hash     string          `json:"hash"` // SHA-256, hex
	Expiry   Time            `json:"expiry"`
	Service  bool            `json:"service,omitempty"`
	Metadata json.RawMessage `json:"metadata,omitempty"`
}

// APIKey lets its bearer in until it is disabled or deleted.
type APIKey struct {
	ID       string          `json:"id"`
	User     string          `json:"user"`
	Hash     string          `json:"key_hash"` // StackStorm's salted SHA-512, hex
	Metadata json.RawMessage `json:"metadata,omitempty"`
	Created  Time            `json:"created_at"`
	Enabled  bool            `json:"enabled"`
}

// Identity is who is asking, and how we know.
type Identity struct {
	User     string
	Method   string // "authentication token" or "API key"
	Location string // "header" or "query" or "cookie"
	Expiry   Time   // of the token; 0 for keys
}

package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// stackstormKey opens what StackStorm encrypted; nothing is sealed with it.
// st2: execution reference, datastore, key file.
type stackstormKey struct {
	block cipher.Block
	mac   []byte
}

// stackstormFile is the form of StackStorm's key file.
type stackstormFile struct {
	AES  string `json:"aesKeyString"`
	HMAC struct {
		Key string `json:"hmacKeyString"`
	} `json:"hmacKey"`
	Mode string `json:"mode"`
}

func parseStackStormKey(raw []byte) (*stackstormKey, error) {
	var f stackstormFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	if !strings.EqualFold(f.Mode, "CBC") {
		return nil, fmt.Errorf("mode is %q, only CBC is known", f.Mode)
	}
	aesKey, err := decodeTheirs("aesKeyString", f.AES)
	if err != nil {
		return nil, err
	}
	mac, err := decodeTheirs("hmacKey.hmacKeyString", f.HMAC.Key)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(aesKey)
	if err != nil {
		return nil, fmt.Errorf("aesKeyString: %w", err)
	}
	return &stackstormKey{block: block, mac: mac}, nil
}

func decodeTheirs(field, text string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(raw) == 0 {
		return nil, fmt.Errorf("%s is no URL-safe base64", field)
	}
	return raw, nil
}

// stackstormText is a ciphertext taken apart: header, IV, ciphertext and HMAC, upper-case
// hex. The header is ignored. st2: execution reference, datastore, ciphertext.
type stackstormText struct {
	iv, body   []byte
	signed, by []byte // everything before the HMAC, and the HMAC
}

const stackstormHeader = 5 // bytes

func parseTheirs(text string) (*stackstormText, bool) {
	raw, err := hex.DecodeString(text)
	const around = stackstormHeader + aes.BlockSize + sha1.Size
	if err != nil || len(raw) < around+aes.BlockSize || (len(raw)-around)%aes.BlockSize != 0 {
		return nil, false
	}
	end := len(raw) - sha1.Size
	return &stackstormText{
		iv:     raw[stackstormHeader : stackstormHeader+aes.BlockSize],
		body:   raw[stackstormHeader+aes.BlockSize : end],
		signed: raw[:end],
		by:     raw[end:],
	}, true
}

// openTheirs opens StackStorm's ciphertext.
func (r *Ring) openTheirs(text string) (string, error) {
	t, ok := parseTheirs(text)
	switch {
	case !ok:
		return "", damaged()
	case r.theirs == nil:
		return "", core.Errorf(core.Invalid, "the secret was encrypted by StackStorm, whose key this server does not have: name the file that keyvalue.encryption_key_path of st2.conf names in the setting secrets.stackstorm_key_file, and restart")
	}
	secret, ok := r.theirs.open(t)
	if !ok {
		return "", core.Errorf(core.Invalid, "the secret was encrypted with another key than the one of secrets.stackstorm_key_file, or it was changed since")
	}
	return secret, nil
}

func (k *stackstormKey) open(t *stackstormText) (string, bool) {
	mac := hmac.New(sha1.New, k.mac)
	mac.Write(t.signed)
	if !hmac.Equal(mac.Sum(nil), t.by) {
		return "", false
	}
	plain := make([]byte, len(t.body))
	cipher.NewCBCDecrypter(k.block, t.iv).CryptBlocks(plain, t.body)
	return unpad(plain)
}

// unpad takes the padding of PKCS #5 off.
func unpad(plain []byte) (string, bool) {
	n := int(plain[len(plain)-1])
	if n == 0 || n > aes.BlockSize || n > len(plain) {
		return "", false
	}
	for _, b := range plain[len(plain)-n:] {
		if int(b) != n {
			return "", false
		}
	}
	return string(plain[:len(plain)-n]), true
}

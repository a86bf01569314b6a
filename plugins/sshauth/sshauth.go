// Package sshauth logs in to SSH hosts by password.
package sshauth

import "golang.org/x/crypto/ssh"

// Password returns the ways to use a password: many hosts take it only as the answer to a
// question.
func Password(password string) []ssh.AuthMethod {
	return []ssh.AuthMethod{ssh.Password(password), ssh.KeyboardInteractive(answer(password))}
}

// answer gives the password to each question that hides what is typed.
func answer(password string) ssh.KeyboardInteractiveChallenge {
	return func(_, _ string, questions []string, echos []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i := range questions {
			if !echos[i] {
				answers[i] = password
			}
		}
		return answers, nil
	}
}

package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// phase is where on the way to an answer an error happened.
type phase int

const (
	phaseDial phase = iota + 1
	phaseProxy
	phaseTLS
	phaseHead
	phaseBody
)

// waitingFor says what a check that ran out of time was waiting for.
func (p phase) waitingFor() string {
	switch p {
	case phaseDial:
		return "the connection"
	case phaseProxy:
		return "the proxy"
	case phaseTLS:
		return "the TLS handshake"
	case phaseBody:
		return "the rest of the body"
	default:
		return "the answer"
	}
}

// phaseError is err with the phase it happened in.
type phaseError struct {
	phase phase
	err   error
}

func (e *phaseError) Error() string { return e.err.Error() }
func (e *phaseError) Unwrap() error { return e.err }

// finding is what an error means.
type finding struct {
	reason    Reason
	text      string
	temporary bool
	sent      bool // the target may have acted on the request
	tls       *TLS // the certificate that was refused
}

// diagnose finds the reason for err. It asks the phase first and the error's
// type second; only net/http's HTTP/2 leaves it no type to ask.
func diagnose(ctx context.Context, err error, timeout time.Duration) finding {
	var at *phaseError
	errors.As(err, &at)
	if at == nil {
		at = &phaseError{phaseHead, err}
	}
	f := finding{text: err.Error(), sent: at.phase >= phaseHead}
	var dns *net.DNSError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.reason, f.text = Canceled, canceledText(ctx)
	case errors.Is(err, ErrBlocked):
		f.reason, f.text = BlockedAddress, ErrBlocked.Error()
	case isAny(err, syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM):
		f.reason = ResourceExhausted
		f.text += "; lower --concurrency or raise the limit (ulimit -n)"
	case at.phase == phaseProxy:
		f.reason, f.temporary = ProxyFailed, true
		f.text = "proxy: " + f.text
	case errors.As(err, &dns):
		f.reason, f.temporary = DNS, !dns.IsNotFound && (dns.IsTemporary || dns.IsTimeout)
	case isTimeout(ctx, err):
		f.reason, f.temporary = Timeout, true
		if at.phase == phaseDial {
			f.reason = ConnectTimeout
		}
		f.text = fmt.Sprintf("ran out of time (%s at most) waiting for %s", timeout, at.phase.waitingFor())
	case at.phase == phaseDial:
		f.reason, f.temporary = ConnectRefused, true
		if isAny(err, syscall.ECONNRESET, syscall.ECONNABORTED) {
			f.reason = ConnectReset
		}
	case isReset(err):
		f.reason = ConnectReset
		f.temporary = at.phase == phaseTLS || errors.Is(err, errNoResponse)
		f.text = "closed while waiting for " + at.phase.waitingFor() + ": " + f.text
	case at.phase == phaseTLS:
		f.reason, f.tls = certificate(err)
	default:
		f.reason = ProtocolError
	}
	return f
}

func isAny(err error, codes ...syscall.Errno) bool {
	for _, code := range codes {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

func isTimeout(ctx context.Context, err error) bool {
	var t net.Error
	return errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT) ||
		errors.As(err, &t) && t.Timeout()
}

func isReset(err error) bool {
	return errors.Is(err, errNoResponse) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		isAny(err, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED)
}

// certificate tells an expired certificate from other trouble with TLS, and
// which certificate it was.
func certificate(err error) (Reason, *TLS) {
	var (
		verify  *tls.CertificateVerificationError
		invalid x509.CertificateInvalidError
	)
	var about *TLS
	if errors.As(err, &verify) && len(verify.UnverifiedCertificates) > 0 {
		leaf := verify.UnverifiedCertificates[0]
		about = &TLS{Issuer: leaf.Issuer.String(), NotAfter: leaf.NotAfter}
	}
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return CertExpired, about
	}
	return TLSFailed, about
}

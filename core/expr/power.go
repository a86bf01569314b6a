package expr

import (
	"math"
	"math/big"
	"math/bits"
)

// power is x ** y rounded as C libraries round it; math.Pow is one off in the last place now and then.
func power(x, y float64) float64 {
	rough := math.Pow(x, y)
	k, shift := binary(math.Abs(y))
	if x == 0 || rough == 0 || math.IsNaN(rough) || math.IsInf(rough, 0) || math.IsInf(y, 0) || math.Abs(y) > 1<<31 || shift > maxRoots {
		return rough
	}
	r := new(big.Float).SetPrec(powerPrecision).SetInt64(1)
	base := new(big.Float).SetPrec(powerPrecision).SetFloat64(math.Abs(x))
	root := new(big.Float).Copy(base)
	for n := k >> shift; n > 0; n >>= 1 { // the whole part of y by squaring
		if n&1 == 1 {
			r.Mul(r, base)
		}
		base.Mul(base, base)
	}
	for bit := shift; bit > 0; bit-- { // each bit of the rest is a square root
		root.Sqrt(root)
		if k>>(bit-1)&1 == 1 {
			r.Mul(r, root)
		}
	}
	if y < 0 {
		r.Quo(new(big.Float).SetPrec(powerPrecision).SetInt64(1), r)
	}
	f, _ := r.Float64()
	return math.Copysign(f, rough)
}

const (
	powerPrecision = 128
	maxRoots       = 63 // an exponent with smaller parts is nearly 0
)

// powerSteps is what x ** y costs for floats.
func powerSteps(y float64) int64 {
	_, roots := binary(math.Abs(y))
	return 20 * int64(1+min(roots, maxRoots))
}

// binary gives k and shift such that y is k / 2**shift, with shift as small as can be.
func binary(y float64) (k, shift uint64) {
	fraction, exponent := math.Frexp(y)
	k, places := uint64(fraction*(1<<53)), 53-exponent
	if k == 0 {
		return 0, 0
	}
	spare := min(bits.TrailingZeros64(k), max(places, 0))
	k, places = k>>spare, places-spare
	if places < 0 {
		return k << min(-places, 63), 0
	}
	return k, uint64(places)
}

// Package sdk is for pack authors: it declares a pack's actions, trigger types and sensors
// in plain Go, and one source builds to a WASM module and to a native plugin.
//
//	type Greeting struct {
//		Name  string `json:"name" doc:"Who to greet" required:"true" position:"0"`
//		Shout bool   `json:"shout" doc:"In capitals" default:"false"`
//	}
//
//	type Reply struct {
//		Text string `json:"text"`
//	}
//
//	func greet(ctx context.Context, in Greeting) (Reply, error) {
//		sdk.Log(ctx).Info("greeting", "name", in.Name)
//		return Reply{Text: "Hello, " + in.Name}, nil
//	}
//
//	var pack = sdk.NewPack("hello")
//
//	func init() {
//		sdk.Action(pack, "greet", "Greets somebody.", greet)
//	}
//
//	func main() { sdk.Main(pack) }
//
// A pack is declared while the program initialises, in package variables and init: a WASM
// module has no main that anybody calls.
//
// Parameters, outputs, payloads and configurations are structs. Users see the fields by
// their json tags; the tags doc, required, default, enum, secret, position and immutable
// say the rest. A pointer is a field that may be absent. What is declared wrongly is told,
// all at once, by `petrel pack build`, by package sdktest, and to every host that asks.
//
// Everything else a pack can do takes the context that its function was given: [Log],
// [Stdout], [Progress], [KV], [Secret], [Run], [Now], [Sleep]; package web has an HTTP
// client. The host allows what the pack was granted and refuses the rest with an error of
// kind [Denied]. The context ends with the request: at its deadline, or when it is canceled.
// All of it may be used from many goroutines at once.
package sdk

// A pack with one action: it greets, counts in the datastore whom it greeted, and fetches a
// page. See README.md for how it is built.
import { decode, find, give, httpGet, kvGet, kvSet, log, quote, take, text } from "./petrel";
export { petrel_abi_version, petrel_alloc, petrel_free } from "./petrel";

const pack = `{"version":1,"name":"hello_as","sdk":"assemblyscript 1","actions":[{"name":"greet",
  "description":"Greets somebody, counts the greetings and fetches a page.","parameters":{
  "name":{"type":"string","required":true,"description":"Whom to greet"},
  "url":{"type":"string","required":true,"description":"What to fetch"}}}]}`;

export function petrel_handle(at: usize, len: i32): u64 {
  const request = take(at, len);
  const method = text(find(request, "method"));
  if (method == "describe") return give('{"pack":' + pack + "}");
  if (method == "call") return give('{"result":' + greet(find(request, "call.params")) + "}");
  return give('{"error":{"kind":"invalid","message":"this pack has no sensors"}}');
}

// greet returns a wire Result.
function greet(params: string): string {
  const before = kvGet("greetings");
  const failed = find(before, "error");
  if (failed != "") return '{"error":' + failed + "}";
  const known = text(find(before, "body.value"));
  const count = (known == "" ? 0 : I32.parseInt(known)) + 1;

  const stored = find(kvSet("greetings", count.toString()), "error");
  if (stored != "") return '{"error":' + stored + "}";

  const page = httpGet(text(find(params, "url")));
  const unreachable = find(page, "error");
  if (unreachable != "") return '{"error":' + unreachable + "}";
  if (find(page, "body.status") != "200") return '{"error":{"kind":"failed","message":"the page is not there"}}';
  log("info", "greeted");

  const greeting = "Hello, " + text(find(params, "name")) + "!";
  return '{"value":{"greeting":' + quote(greeting) + ',"count":' + count.toString() +
    ',"page":' + quote(decode(text(find(page, "body.body")))) + "}}";
}

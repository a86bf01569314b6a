// All a pack in AssemblyScript needs to speak to Petrel (docs/wasm-abi.md).
//
// JSON is never turned into a tree: find gives the part of a text that is the value at a
// path, quote writes a string.

// @ts-ignore: decorator
@external("petrel", "host_call")
declare function host_call(op: usize, len: i32): i32;

// @ts-ignore: decorator
@external("petrel", "host_reply")
declare function host_reply(to: usize): i32;

// abort is what AssemblyScript calls when the code fails, instead of importing env.abort.
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  log("error", (message ? message : "aborted") + " at " + (file ? file : "?") + ":" + line.toString());
  unreachable();
}

// --- memory that the host fills and empties ---

export function petrel_abi_version(): i32 {
  return 1;
}

export function petrel_alloc(size: i32): usize {
  return heap.alloc(size);
}

export function petrel_free(at: usize, size: i32): void {
  heap.free(at);
}

// take reads a text that is ours, and frees it.
export function take(at: usize, len: i32): string {
  const text = String.UTF8.decodeUnsafe(at, len);
  heap.free(at);
  return text;
}

// give returns a text to the host, which frees it: its place and length in one number.
export function give(text: string): u64 {
  const bytes = String.UTF8.encode(text);
  const at = heap.alloc(bytes.byteLength);
  memory.copy(at, changetype<usize>(bytes), bytes.byteLength);
  return (u64(at) << 32) | u64(bytes.byteLength);
}

// --- JSON that the host wrote, which is well-formed ---

function skipSpace(s: string, i: i32): i32 {
  for (; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c != 0x20 && c != 0x0a && c != 0x0d && c != 0x09 && c != 0x2c && c != 0x3a) break; // , and : too
  }
  return i;
}

function skipString(s: string, i: i32): i32 {
  for (i++; i < s.length && s.charCodeAt(i) != 0x22; i++) if (s.charCodeAt(i) == 0x5c) i++;
  return i + 1;
}

function skipValue(s: string, i: i32): i32 {
  let depth = 0;
  while (i < s.length) {
    const c = s.charCodeAt(i);
    if (c == 0x22) {
      i = skipString(s, i);
      if (depth == 0) return i;
      continue;
    }
    if (c == 0x7b || c == 0x5b) depth++;
    if (c == 0x7d || c == 0x5d) {
      if (depth == 0) return i;
      if (--depth == 0) return i + 1;
    }
    if (depth == 0 && (c == 0x2c || c == 0x20 || c == 0x0a)) return i;
    i++;
  }
  return i;
}

function member(object: string, name: string): string {
  if (!object.startsWith("{")) return "";
  let i = skipSpace(object, 1);
  while (i < object.length && object.charCodeAt(i) == 0x22) {
    const key = i;
    i = skipString(object, i);
    const found = object.substring(key + 1, i - 1) == name;
    const value = skipSpace(object, i);
    i = skipValue(object, value);
    if (found) return object.substring(value, i);
    i = skipSpace(object, i);
  }
  return "";
}

// find returns the value at a path such as "call.params.name", as JSON; "" if there is none.
export function find(json: string, path: string): string {
  const names = path.split(".");
  for (let i = 0; i < names.length; i++) json = member(json, names[i]);
  return json;
}

// text returns what a JSON string says; "" if it is none.
export function text(json: string): string {
  if (!json.startsWith('"')) return "";
  let out = "";
  for (let i = 1; i < json.length - 1; i++) {
    let c = json.charCodeAt(i);
    if (c != 0x5c) {
      out += String.fromCharCode(c);
      continue;
    }
    c = json.charCodeAt(++i);
    if (c == 0x6e) out += "\n";
    else if (c == 0x74) out += "\t";
    else if (c == 0x72) out += "\r";
    else if (c == 0x62) out += "\b";
    else if (c == 0x66) out += "\f";
    else if (c == 0x75) {
      out += String.fromCharCode(<i32>parseInt(json.substr(i + 1, 4), 16));
      i += 4;
    } else out += String.fromCharCode(c);
  }
  return out;
}

// quote writes a JSON string.
export function quote(s: string): string {
  let out = '"';
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c == 0x22 || c == 0x5c) out += "\\" + String.fromCharCode(c);
    else if (c < 0x20) out += "\\u00" + (c < 16 ? "0" : "") + c.toString(16);
    else out += String.fromCharCode(c);
  }
  return out + '"';
}

// decode returns the text that base64 stands for.
export function decode(base64: string): string {
  const bytes = new Uint8Array(base64.length);
  let bits = 0, have = 0, n = 0;
  for (let i = 0; i < base64.length; i++) {
    const v = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".indexOf(base64.charAt(i));
    if (v < 0) continue;
    bits = ((bits << 6) | v) & 0xffffff;
    have += 6;
    if (have >= 8) {
      have -= 8;
      bytes[n++] = <u8>(bits >> have);
    }
  }
  return String.UTF8.decodeUnsafe(bytes.dataStart, n);
}

// --- the host ---

// ask has the host carry out an operation; the answer is a wire Reply, JSON.
export function ask(op: string, body: string): string {
  const bytes = String.UTF8.encode('{"op":' + quote(op) + ',"body":' + body + "}");
  const len = host_call(changetype<usize>(bytes), bytes.byteLength);
  if (len < 0) return '{"error":{"kind":"canceled","message":"the host refuses to go on"}}';
  const at = heap.alloc(len);
  host_reply(at);
  return take(at, len);
}

export function kvGet(key: string): string {
  return ask("kv", '{"do":"get","key":' + quote(key) + "}");
}

export function kvSet(key: string, value: string): string {
  return ask("kv", '{"do":"set","key":' + quote(key) + ',"value":' + quote(value) + "}");
}

export function httpGet(url: string): string {
  return ask("http", '{"method":"GET","url":' + quote(url) + "}");
}

export function log(level: string, message: string): void {
  ask("log", '{"level":' + quote(level) + ',"message":' + quote(message) + "}");
}

package functions
import ("testing";"os/exec";"encoding/json";"bufio";"fmt";"math/rand/v2";"github.com/petrelhq/petrel/core/expr")
func TestYAMLTmp(t *testing.T){
	cmd:=exec.Command("/usr/bin/python3","-c",`
import sys,json,yaml
for line in sys.stdin:
    op,x=json.loads(line)
    try:
        if op=="dump":
            r=yaml.dump(x[0],Dumper=yaml.CSafeDumper,default_flow_style=False,allow_unicode=x[1],**({"indent":x[2]} if x[2] else {}))
        else:
            r=repr(yaml.safe_load(x))
    except Exception as e:
        r="ERR "+type(e).__name__
    print(json.dumps(r),flush=True)
`)
	in,_:=cmd.StdinPipe(); out,_:=cmd.StdoutPipe(); cmd.Start()
	rd:=bufio.NewReader(out)
	ask:=func(op string,x any)string{ b,_:=json.Marshal([]any{op,x}); fmt.Fprintln(in,string(b)); l,err:=rd.ReadString('\n'); if err!=nil{t.Fatal(err)}; var s string; json.Unmarshal([]byte(l),&s); return s}
	words:=[]string{"a","b c","yes","1","1.5","","null","~","- x","x: y","# c","a #b","it's","say \"hi\"","é☃","tab\there","multi\nline","two\n\nlines\n"," lead","trail ","2024-01-02","0x1f","1e3","on","a: b: c","[x]","{y}","&a","*b","!t","%p","@at","`bt`","long "+ "word word word word word word word word word word word word word word word word word word word word end","x\n y","\n","=","<<","?q","? q",":","-",",a","\x07","\u0085x","😀","https://a.b/c?d=e#f","a,b","1:30","12:30:45","null ","---","--- a","...", "\\n", "key with spaces", "\u00a0", "a\n\nb","'q'","\"dq\"","|","> f", "very"+"longwordwithoutspaces"+"0123456789012345678901234567890123456789012345678901234567890123456789 next"}
	r:=rand.New(rand.NewPCG(1,2))
	var gen func(d int) any
	gen=func(d int) any{
		switch n:=r.IntN(10); {
		case d<=0||n<5: if r.IntN(4)==0 {return []any{nil,true,false,1,-5,2.5,1e20,0.1,1e-7}[r.IntN(9)]}; return words[r.IntN(len(words))]
		case n<8: m:=map[string]any{}; for range r.IntN(4){m[words[r.IntN(len(words))]]=gen(d-1)}; return m
		default: l:=[]any{}; for range r.IntN(4){l=append(l,gen(d-1))}; return l}
	}
	bad:=0
	for range 6000 {
		x:=gen(3); uni:=r.IntN(3)>0; ind:=[]int{0,4,3}[r.IntN(3)]
		want:=ask("dump",[]any{x,uni,ind})
		j,_:=json.Marshal(x); v,_:=expr.FromJSON(j)
		var iv expr.Value; if ind>0{iv=int64(ind)}
		got,err:=toYAMLString(nil,[]expr.Value{v,iv,uni})
		if err!=nil||got!=want { bad++; if bad<12 {t.Errorf("dump %s\n got %q %v\nwant %q",j,got,err,want)}}
		if want[:min(3,len(want))]!="ERR" {
			back:=ask("load",want)
			lv,err:=fromYAMLString(nil,[]expr.Value{want}); rp,_:=expr.Repr(nil,lv)
			if err!=nil||rp!=back { bad++; if bad<12 {t.Errorf("load %q\n got %s %v\nwant %s",want,rp,err,back)}}
		}
	}
	for _,s:=range []string{"a: 1\nb: [1, 2]\n","yes","0o17","017","0x1F","1_000","1:30","1.5e3","1.5e+3",".inf","-.INF",".nan","~","2024-01-02","2024-01-02 03:04:05","2024-01-02T03:04:05.123Z","2024-01-02 03:04:05 +02:00","&a [1, *a]","a: &x {b: 1}\nc:\n  <<: *x\n  d: 2","- a\n- b\n-","a: 'x'\nb: \"y\\n\"","? a\n: b","[1, {a: b}]","!!str 1","!!int '3'","a: |\n  x\n  y\n","a: >\n  x\n  y\n","--- a\n--- b","a: [","a: b: c","\tx","{a, b}","1: 2\ntrue: 3\nnull: 4","a: 1\na: 2","!foo x","'unterminated","*nope","","# c","12e3","1.","-.5","+1","0b11","08","=","a:\n- 1\n- 2"} {
		back:=ask("load",s); lv,err:=fromYAMLString(nil,[]expr.Value{s}); rp,_:=expr.Repr(nil,lv)
		if err!=nil { rp="ERR "+expr.ClassOf(err)}
		if rp!=back { t.Errorf("load %q: got %s (%v) want %s",s,rp,err,back)}
	}
	t.Log("bad",bad)
}

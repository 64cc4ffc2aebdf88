package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// rspamdConf has one worker and what concerns authentication, nothing else.
const rspamdConf = `
options {
  pidfile = "%[1]s/pid"; filters = "dkim"; control_socket = "%[1]s/control"; local_addrs = []; hs_cache_dir = "%[1]s";
  disable_hyperscan = true; url_tld = "%[1]s/tld"; tempdir = "%[1]s";
  dns { nameserver = ["%[2]s"]; timeout = 5s; retransmits = 2; }
}
logging { type = "file"; filename = "%[1]s/log"; level = "error"; }
worker "normal" { bind_socket = "%[3]s"; count = 1; task_timeout = 60s; }
modules { path = "%[4]s/spf.lua"; path = "%[4]s/dmarc.lua"; }
spf { spf_cache_size = 2k; }
dkim { dkim_cache_size = 2k; }
dmarc { }
actions { reject = 1000; }
`

// rspamdPlugins is where its packages install the modules in Lua.
const rspamdPlugins = "/usr/share/rspamd/plugins"

// rspamdRun is one life of an rspamd that knows the zone and nothing else.
type rspamdRun struct {
	dir, address string
	cmd          *exec.Cmd
	dns          *dnsServer
}

// rspamdPeer is a server: it is asked message by message, and its processes are
// counted when they end.
func rspamdPeer(o *options, _ string) (judge, error) {
	if _, err := os.Stat(rspamdPlugins); err != nil {
		return nil, errors.New("not installed")
	}
	return o.rspamd, nil
}

// rspamd starts one, has it judge a list of messages and stops it.
func (o *options) rspamd(list, verdicts string) (cost, error) {
	z, err := readZone(o.archive.zone)
	if err != nil {
		return cost{}, err
	}
	r := &rspamdRun{}
	if r.dns, err = serve(z); err != nil {
		return cost{}, err
	}
	defer r.dns.close()
	if r.dir, err = os.MkdirTemp("", "bench-rspamd-"); err != nil {
		return cost{}, err
	}
	defer os.RemoveAll(r.dir)
	if err := r.start(); err != nil {
		return cost{}, err
	}
	began := time.Now()
	judged := r.judge(list, verdicts)
	c := cost{wall: time.Since(began)}
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return c, err
	}
	r.cmd.Wait() // its status tells of the signal
	c.cpu = r.cmd.ProcessState.UserTime() + r.cmd.ProcessState.SystemTime()
	if u, ok := r.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.rss = int64(u.Maxrss) << 10
	}
	return c, judged
}

func (r *rspamdRun) start() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.address = l.Addr().String()
	l.Close()
	conf := fmt.Sprintf(rspamdConf, r.dir, r.dns.address(), r.address, rspamdPlugins)
	if err := os.WriteFile(filepath.Join(r.dir, "tld"), []byte("com\norg\nexample\ntest\n"), 0o666); err != nil {
		return err
	}
	path := filepath.Join(r.dir, "conf")
	if err := os.WriteFile(path, []byte(conf), 0o666); err != nil {
		return err
	}
	r.cmd = exec.Command("rspamd", "-f", "-i", "-c", path)
	if err := r.cmd.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		if resp, err := http.Get("http://" + r.address + "/ping"); err == nil {
			resp.Body.Close()
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	r.cmd.Process.Kill()
	r.cmd.Wait()
	return errors.New("does not start")
}

// judge asks for each message of a list.
func (r *rspamdRun) judge(list, verdicts string) error {
	text, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	v, err := newVerdictWriter(verdicts)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 {
			continue
		}
		symbols, err := r.ask(f[0], f[1], f[2], f[3])
		if err != nil {
			v.close()
			return err
		}
		v.write(rspamdVerdict(f[4], symbols))
	}
	return v.close()
}

func (r *rspamdRun) ask(path, ip, helo, from string) (map[string]any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+r.address+"/checkv2", bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{"IP": ip, "Helo": helo, "From": from} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var found struct{ Symbols map[string]any }
	return found.Symbols, json.Unmarshal(answer, &found)
}

// rspamdVerdict reads its symbols.
func rspamdVerdict(id string, symbols map[string]any) verdict {
	pick := func(words ...string) string {
		for i := 0; i < len(words); i += 2 {
			if _, ok := symbols[words[i]]; ok {
				return words[i+1]
			}
		}
		return "none"
	}
	return verdict{
		id: id,
		spf: pick("R_SPF_ALLOW", "pass", "R_SPF_FAIL", "fail", "R_SPF_SOFTFAIL", "softfail", "R_SPF_NEUTRAL", "neutral",
			"R_SPF_DNSFAIL", "temperror", "R_SPF_PERMFAIL", "permerror"),
		dkim: pick("R_DKIM_ALLOW", "pass", "R_DKIM_REJECT", "fail", "R_DKIM_TEMPFAIL", "temperror", "R_DKIM_PERMFAIL", "permerror"),
		dmarc: pick("DMARC_POLICY_ALLOW", "pass", "DMARC_POLICY_REJECT", "fail", "DMARC_POLICY_QUARANTINE", "fail",
			"DMARC_POLICY_SOFTFAIL", "fail", "DMARC_BAD_POLICY", "permerror"),
	}
}

package evidence

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// A case names only the parts it is about; want is "key=value" in this order:
// helo, name, ip, by, with, id, for, from (the envelope sender), auth, date.
var receivedCases = []struct{ mta, value, want string }{
	{"postfix", " from mail.example.org (mx1.example.org [192.0.2.1])\r\n\tby mx.example.net (Postfix) with ESMTP id 4Xk2;\r\n\tMon, 29 Apr 2019 16:22:03 +0200 (CEST)",
		"helo=mail.example.org name=mx1.example.org ip=192.0.2.1 by=mx.example.net with=ESMTP id=4Xk2 date=2019-04-29T14:22:03Z"},
	{"postfix, no reverse name", "from x (unknown [192.0.2.1]) by mx.example.net (Postfix) with SMTP id 1 for <a@example.net>; Mon, 29 Apr 2019 14:22:03 +0000 (UTC)",
		"helo=x ip=192.0.2.1 by=mx.example.net with=SMTP id=1 for=a@example.net date=2019-04-29T14:22:03Z"},
	{"postfix, HELO a literal", "from [10.0.0.9] (dsl.example.org [192.0.2.1]) by mx.example.net (Postfix) with ESMTP id 1",
		"helo=[10.0.0.9] name=dsl.example.org ip=192.0.2.1 by=mx.example.net with=ESMTP id=1"},
	{"postfix, IPv6", "from mail.example.org (mail.example.org [IPv6:2001:db8::1]) (using TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits))\n\t(No client certificate requested) by mx.example.net (Postfix) with ESMTPS id 1",
		"helo=mail.example.org name=mail.example.org ip=2001:db8::1 by=mx.example.net with=ESMTPS id=1"},
	{"postfix, authenticated", "from laptop (dsl.example.org [192.0.2.1]) (Authenticated sender: user@example.net) by mx.example.net (Postfix) with ESMTPSA id 1",
		"helo=laptop name=dsl.example.org ip=192.0.2.1 by=mx.example.net with=ESMTPSA id=1 auth=authenticated"},
	{"postfix, pickup", "by mx.example.net (Postfix, from userid 1002) id DAB; Mon, 29 Apr 2019 14:22:03 +0000",
		"by=mx.example.net id=DAB date=2019-04-29T14:22:03Z"},
	{"postfix to dovecot", "from mx.example.net\n\tby store.example.net with LMTP\n\tid EIXvG\n\t(envelope-from <b+1@example.org>)\n\tfor <a@example.net>; Tue, 20 Jan 2026 19:52:34 +0100",
		"helo=mx.example.net by=store.example.net with=LMTP id=EIXvG for=a@example.net from=b+1@example.org date=2026-01-20T18:52:34Z"},
	{"exim, no reverse name", "from [192.0.2.1] (helo=mail.example.org) by mx.example.net with esmtp (Exim 4.94) (envelope-from <b@example.org>) id 1kT-0001; Mon, 29 Apr 2019 14:22:03 +0000",
		"helo=mail.example.org ip=192.0.2.1 by=mx.example.net with=ESMTP id=1kT-0001 from=b@example.org date=2019-04-29T14:22:03Z"},
	{"exim, HELO a literal of another address", "from [192.0.2.1] (port=2345 helo=[10.0.0.9] ident=foo) by mx.example.net with smtp (Exim 4.94) id 1",
		"helo=[10.0.0.9] ip=192.0.2.1 by=mx.example.net with=SMTP id=1"},
	{"exim, reverse name", "from dsl.example.org ([192.0.2.1]:4711 helo=mail.example.org) by mx.example.net with esmtps (TLS1.3:TLS_AES_256_GCM_SHA384:256) (Exim 4.94) id 1",
		"helo=mail.example.org name=dsl.example.org ip=192.0.2.1 by=mx.example.net with=ESMTPS id=1"},
	{"exim, name proved", "from mail.example.org ([192.0.2.1]:4711) by mx.example.net with esmtpsa (TLS1.3) (Exim 4.94) id 1",
		"helo=mail.example.org ip=192.0.2.1 by=mx.example.net with=ESMTPSA id=1 auth=ESMTPSA"},
	{"exim 3, asmtp", "from dsl.example.org ([192.0.2.1] helo=x) by mx.example.net with asmtp (Exim 3.36) id 1",
		"helo=x name=dsl.example.org ip=192.0.2.1 by=mx.example.net with=ASMTP id=1 auth=ASMTP"},
	{"exim, local", "from www-data by mx.example.net with local (Exim 4.99 #2) (envelope-from <b@example.org>) id 1",
		"helo=www-data by=mx.example.net with=LOCAL id=1 from=b@example.org"},
	{"sendmail", "from mail.example.org (IDENT:root@mail.example.org [192.0.2.1] (may be forged)) by mx.example.net (8.14.7/8.14.7) with ESMTP id x1; Sat, 15 Mar 2003 00:38:03 GMT",
		"helo=mail.example.org name=mail.example.org ip=192.0.2.1 by=mx.example.net with=ESMTP id=x1 date=2003-03-15T00:38:03Z"},
	{"sendmail, authenticated", "from pc (dsl.example.org [192.0.2.1]) (authenticated bits=0) by mx.example.net (8.14.7/8.14.7) with ESMTP id x1",
		"helo=pc name=dsl.example.org ip=192.0.2.1 by=mx.example.net with=ESMTP id=x1 auth=authenticated"},
	{"sendmail, Submit", "(from user@localhost) by mx.example.net (8.14.7/8.14.7/Submit) id x1",
		"helo=user@localhost by=mx.example.net id=x1"},
	{"qmail", "from unknown (HELO mail.example.org) (192.0.2.1) by mx.example.net with SMTP; 12 Feb 2003 18:23:19 -0000",
		"helo=mail.example.org ip=192.0.2.1 by=mx.example.net with=SMTP date=2003-02-12T18:23:19Z"},
	{"qmail, HELO a literal, ident", "from dsl.example.org (HELO [10.0.0.9]) (who@192.0.2.1) by mx.example.net with SMTP; 12 Feb 2003 18:23:19 -0000",
		"helo=[10.0.0.9] name=dsl.example.org ip=192.0.2.1 by=mx.example.net with=SMTP date=2003-02-12T18:23:19Z"},
	{"qmail, local", "(qmail 27981 invoked by uid 225); 14 Mar 2003 07:24:34 -0000", "date=2003-03-14T07:24:34Z"},
	{"qmail-ldap", "from unknown (HELO x) (who@[192.0.2.1]) (envelope-sender <b@example.org>) by mx.example.net (qmail-ldap-1.03) with SMTP for <a@example.net>; 12 Feb 2003 18:23:19 -0000",
		"helo=x ip=192.0.2.1 by=mx.example.net with=SMTP for=a@example.net from=b@example.org date=2003-02-12T18:23:19Z"},
	{"qpsmtpd", "from dsl.example.org (HELO x) (192.0.2.1)\n  (smtp-auth username bob, mechanism plain)\n by mx.example.net (qpsmtpd/0.40) with ESMTPA; Fri, 02 Jan 2004 19:26:52 -0800",
		"helo=x name=dsl.example.org ip=192.0.2.1 by=mx.example.net with=ESMTPA auth=smtp-auth date=2004-01-03T03:26:52Z"},
	{"gmail", "from mail.example.org (mail.example.org. [192.0.2.1])\r\n        by mx.google.com with ESMTPS id u9si15.2024.01.01\r\n        for <a@example.net>\r\n        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);\r\n        Tue, 16 Jan 2024 17:44:02 -0800 (PST)",
		"helo=mail.example.org name=mail.example.org ip=192.0.2.1 by=mx.google.com with=ESMTPS id=u9si15.2024.01.01 for=a@example.net date=2024-01-17T01:44:02Z"},
	{"gmail, inner hop", "by 2002:a05:6402:1d4b:b0:55a with SMTP id 4fb4d; Tue, 16 Jan 2024 17:44:02 -0800 (PST)",
		"by=2002:a05:6402:1d4b:b0:55a with=SMTP id=4fb4d date=2024-01-17T01:44:02Z"},
	{"gmail, submission", "from localhost ([192.0.2.1]) by smtp.gmail.com with UTF8SMTPSA id 5b1.3; Tue, 02 Jun 2026 14:12:50 -0700 (PDT)",
		"helo=localhost ip=192.0.2.1 by=smtp.gmail.com with=UTF8SMTPSA id=5b1.3 auth=UTF8SMTPSA date=2026-06-02T21:12:50Z"},
	{"exchange online", "from AM5PR04.eurprd04.prod.outlook.com (2603:10a6:206:1::33) by DB6PR07.eurprd07.prod.outlook.com (10.175.234.11) with Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE) id 15.20.1143.11; Thu, 13 Sep 2018 14:47:44 +0000",
		"helo=AM5PR04.eurprd04.prod.outlook.com ip=2603:10a6:206:1::33 by=DB6PR07.eurprd07.prod.outlook.com with=SMTP id=15.20.1143.11 date=2018-09-13T14:47:44Z"},
	{"exchange, frontend proxy", "from mail.example.org (192.0.2.1) by mx.example.net (10.1.1.1) with Microsoft SMTP Server id 15.1.1 via Frontend Transport; Thu, 13 Sep 2018 14:47:44 +0000",
		"helo=mail.example.org ip=192.0.2.1 by=mx.example.net with=SMTP id=15.1.1 date=2018-09-13T14:47:44Z"},
	{"exchange, mailbox", "from A.prod.outlook.com ([fe80::1]) by A.prod.outlook.com ([fe80::1%6]) with mapi id 15.20.1; Thu, 13 Sep 2018 14:47:44 +0000",
		"helo=A.prod.outlook.com ip=fe80::1 by=A.prod.outlook.com with=MAPI id=15.20.1 auth=MAPI date=2018-09-13T14:47:44Z"},
	{"microsoft smtpsvc", "from tthompson ([192.0.2.1] unverified) by mx.example.net with Microsoft SMTPSVC(5.0.2195.5329); Tue, 11 Mar 2003 13:23:01 +0000",
		"helo=tthompson ip=192.0.2.1 by=mx.example.net with=SMTP date=2003-03-11T13:23:01Z"},
	{"yahoo, web", "from [192.0.2.1] by web40310.mail.yahoo.com via HTTP; Wed, 12 Feb 2003 14:22:21 PST",
		"helo=[192.0.2.1] ip=192.0.2.1 by=web40310.mail.yahoo.com with=HTTP auth=HTTP date=2003-02-12T22:22:21Z"},
	{"yahoo, login", "from itrq (lucille@192.0.2.1 with login) by smtp111.mail.yahoo.com with SMTP; 17 Jan 2011 08:23:27 -0800 PST",
		"helo=itrq ip=192.0.2.1 by=smtp111.mail.yahoo.com with=SMTP auth=with date=2011-01-17T16:23:27Z"},
	{"yahoo, hermes", "by hermes--production-gq1 (Yahoo Inc. Hermes SMTP Server) with ESMTPA ID 42b496;\n          Tue, 12 Mar 2024 17:44:40 +0000 (UTC)",
		"by=hermes--production-gq1 with=ESMTPA id=42b496 auth=ESMTPA date=2024-03-12T17:44:40Z"},
	{"courier", "from pc (dsl.example.org [::ffff:192.0.2.1]) (AUTH: LOGIN bob, TLS: TLSv1/SSLv3,168bits,DES-CBC3-SHA) by mx.example.net with esmtp; Mon, 28 Oct 2002 14:48:52 -0800",
		"helo=pc name=dsl.example.org ip=192.0.2.1 by=mx.example.net with=ESMTP auth=auth: date=2002-10-28T22:48:52Z"},
	{"communigate", "from [192.0.2.1] (account bob HELO [10.0.0.9]) by mx.example.net (CommuniGate Pro SMTP 5.1) with ESMTPSA id 20",
		"helo=[10.0.0.9] ip=192.0.2.1 by=mx.example.net with=ESMTPSA id=20 auth=account"},
	{"communigate, verified", "from mail.example.org ([192.0.2.1] verified) by mx.example.net (CommuniGate Pro SMTP 5.1.13) with ESMTP id 97 for a@example.net",
		"helo=mail.example.org ip=192.0.2.1 by=mx.example.net with=ESMTP id=97 for=a@example.net"},
	{"domino", "from mail.example.org ([192.0.2.1])\n          by mx.example.net (IBM Domino Release 9.0.1)\n          with ESMTP id 2019-4711;\n          Mon, 29 Apr 2019 16:22:03 +0200",
		"helo=mail.example.org ip=192.0.2.1 by=mx.example.net with=ESMTP id=2019-4711 date=2019-04-29T14:22:03Z"},
	{"vger (zmailer)", "from mail.example.org ([192.0.2.1]:38406 \"EHLO\n        mail2.example.org\" rhost-flags-OK-OK-OK-OK) by vger.kernel.org with ESMTP\n        id S1728240 (ORCPT <rfc822;l@vger.kernel.org>); Mon, 29 Apr 2019 10:22:03 -0400",
		"helo=mail2.example.org name=mail.example.org ip=192.0.2.1 by=vger.kernel.org with=ESMTP id=S1728240 date=2019-04-29T14:22:03Z"},
	{"vger, list", "(majordomo@vger.kernel.org) by vger.kernel.org via listexpand\n        id S1728263 (ORCPT <rfc822;a@example.net>); Mon, 29 Apr 2019 10:22:03 -0400",
		"by=vger.kernel.org with=listexpand id=S1728263 date=2019-04-29T14:22:03Z"},
	{"mailenable", "from mail.example.org ([192.0.2.1]) by mx.example.net with MailEnable ESMTPSA; Wed, 10 Jul 2019 10:29:59 +0300",
		"helo=mail.example.org ip=192.0.2.1 by=mx.example.net with=ESMTPSA auth=ESMTPSA date=2019-07-10T07:29:59Z"},
	{"proofpoint", "from pps.filterd (m0123.ppops.net [127.0.0.1])\n\tby m0123.ppops.net (8.17.1.24/8.17.1.24) with ESMTP id 3v;\n\tMon, 26 Feb 2024 15:21:32 GMT",
		"helo=pps.filterd name=m0123.ppops.net ip=127.0.0.1 by=m0123.ppops.net with=ESMTP id=3v date=2024-02-26T15:21:32Z"},
	{"mimecast", "from mx02.example.org (mx02.example.org\n [192.0.2.1]) by relay.mimecast.com with ESMTP with STARTTLS\n (version=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384) id\n us-mta-688-CGk; Mon, 26 Feb 2024 10:21:22 -0500",
		"helo=mx02.example.org name=mx02.example.org ip=192.0.2.1 by=relay.mimecast.com with=ESMTP id=us-mta-688-CGk date=2024-02-26T15:21:22Z"},
	{"ses", "from a8-41.smtp-out.amazonses.com (a8-41.smtp-out.amazonses.com [192.0.2.1])\n by inbound-smtp.us-east-1.amazonaws.com with SMTP id 5r5\n for a@example.net;\n Mon, 29 Apr 2019 14:22:03 +0000 (UTC)",
		"helo=a8-41.smtp-out.amazonses.com name=a8-41.smtp-out.amazonses.com ip=192.0.2.1 by=inbound-smtp.us-east-1.amazonaws.com with=SMTP id=5r5 for=a@example.net date=2019-04-29T14:22:03Z"},
	{"haraka", "from mail.example.org (mail.example.org [192.0.2.1])\n\tby mx.example.net (Haraka/2.8.25) with ESMTPA id 47.1\n\tenvelope-from <b@example.org> (authenticated bits=0);\n\tMon, 29 Apr 2019 14:22:03 +0000",
		"helo=mail.example.org name=mail.example.org ip=192.0.2.1 by=mx.example.net with=ESMTPA id=47.1 from=b@example.org auth=authenticated date=2019-04-29T14:22:03Z"},
	{"opensmtpd", "from mail.example.org (dsl.example.org [192.0.2.1])\n\tby mx.example.net (OpenSMTPD) with ESMTPSA id 5db (TLSv1.2:ECDHE:256:NO) auth=yes user=bob\n\tfor <a@example.net>;\n\tTue, 7 Apr 2020 01:38:29 -0600 (MDT)",
		"helo=mail.example.org name=dsl.example.org ip=192.0.2.1 by=mx.example.net with=ESMTPSA id=5db for=a@example.net auth=auth= date=2020-04-07T07:38:29Z"},
	{"opensmtpd, not authenticated", "from mail.example.org (dsl.example.org [192.0.2.1]) by mx.example.net (OpenSMTPD) with ESMTP id 5db auth=no for <a@example.net>",
		"helo=mail.example.org name=dsl.example.org ip=192.0.2.1 by=mx.example.net with=ESMTP id=5db for=a@example.net"},
	{"auth=pass in a comment", "from pc (dsl.example.org [192.0.2.1]) by mx.example.net with ESMTPS (auth=pass smtp.auth=bob) id 1",
		"helo=pc name=dsl.example.org ip=192.0.2.1 by=mx.example.net with=ESMTPS id=1 auth=auth="},
	{"ironport", "from gw.example.org (HELO b07ab15da5fe) ([192.0.2.1])\n  by mx.example.net with ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384; 14 Dec 2023 12:08:18 -0800",
		"helo=b07ab15da5fe name=gw.example.org ip=192.0.2.1 by=mx.example.net with=ESMTP date=2023-12-14T20:08:18Z"},
	{"squirrelmail", "from 192.0.2.1 (SquirrelMail authenticated user bob) by webmail.example.net with HTTP; Sat, 3 Apr 2004 10:33:43 -0500 (EST)",
		"helo=192.0.2.1 ip=192.0.2.1 by=webmail.example.net with=HTTP auth=authenticated date=2004-04-03T15:33:43Z"},
	{"fetchmail", "from pop.example.org [192.0.2.1] by localhost with POP3 (fetchmail-6.3.26) for <a@localhost> (single-drop); Mon, 29 Apr 2019 16:22:03 +0200 (CEST)",
		"helo=pop.example.org ip=192.0.2.1 by=localhost with=POP3 for=a@localhost date=2019-04-29T14:22:03Z"},
	{"cyrus", "from mx.example.net ([unix socket]) by mx.example.net (Cyrus v2.3.14) with LMTPA; Tue, 21 Jul 2009 14:34:14 +0200",
		"helo=mx.example.net by=mx.example.net with=LMTPA date=2009-07-21T12:34:14Z"},
	{"xmail", "from list.example.org (192.0.2.1:23198) by mx.example.net (198.51.100.1:25) with [XMail 1.20 ESMTP Server] id <S72E> for <a@example.net> from <b@example.org>; Sat, 18 Sep 2004 23:17:54 -0500",
		"helo=list.example.org ip=192.0.2.1 by=mx.example.net with=ESMTP id=S72E for=a@example.net from=b@example.org date=2004-09-19T04:17:54Z"},

	// What a client controls must not change what the server wrote.
	{"HELO is a keyword", "from by (dsl.example.org [192.0.2.1]) by mx.example.net (Postfix) with SMTP id 1",
		"helo=by name=dsl.example.org ip=192.0.2.1 by=mx.example.net with=SMTP id=1"},
	{"HELO is a keyword, no comment", "from with by mx.example.net with SMTP", "helo=with by=mx.example.net with=SMTP"},
	{"HELO with a semicolon", "from a;b (dsl.example.org [192.0.2.1]) by mx.example.net with SMTP id 1; Mon, 29 Apr 2019 14:22:03 +0000",
		"helo=a name=dsl.example.org ip=192.0.2.1 by=mx.example.net with=SMTP id=1 date=2019-04-29T14:22:03Z"},
	{"HELO claims authentication", "from x (HELO authenticated) (192.0.2.1) by mx.example.net with SMTP", "helo=authenticated name=x ip=192.0.2.1 by=mx.example.net with=SMTP"},
	{"reverse name claims authentication", "from x (authenticated.example.org [192.0.2.1]) by mx.example.net with SMTP", "helo=x name=authenticated.example.org ip=192.0.2.1 by=mx.example.net with=SMTP"},
	{"address in HELO is not the client's", "from 10.0.0.9 (unknown [192.0.2.1]) by mx.example.net with SMTP", "helo=10.0.0.9 ip=192.0.2.1 by=mx.example.net with=SMTP"},
	{"address behind by is not the client's", "from x by mx.example.net ([192.0.2.1]) with SMTP", "helo=x by=mx.example.net with=SMTP"},
	{"comment without an end", "from x (dsl.example.org [192.0.2.1] by mx.example.net with SMTP; Mon, 29 Apr 2019 14:22:03 +0000",
		"helo=x ip=192.0.2.1 by=mx.example.net with=SMTP date=2019-04-29T14:22:03Z"},
	{"no address", "from x ([300.1.2.3]) by mx.example.net with SMTP", "helo=x by=mx.example.net with=SMTP"},
	{"unspecified address", "from x ([0.0.0.0]) by mx.example.net with SMTP", "helo=x by=mx.example.net with=SMTP"},
	{"no semicolon before the date", "from x ([192.0.2.1]) by mx.example.net with ESMTP id BQB0 Thu, 20 Feb 2003 16:13:20 -0700 (PST)",
		"helo=x ip=192.0.2.1 by=mx.example.net with=ESMTP id=BQB0 date=2003-02-20T23:13:20Z"},
	{"empty", "", ""},
	{"not a Received field", "hello world", ""},
}

func describe(h Hop) string {
	var parts []string
	add := func(k, v string) {
		if v != "" {
			parts = append(parts, k+"="+v)
		}
	}
	add("helo", h.HELO)
	add("name", h.ReverseName)
	if h.IP.IsValid() {
		add("ip", h.IP.String())
	}
	add("by", h.By)
	add("with", h.Protocol)
	add("id", h.ID)
	add("for", h.For)
	add("from", h.EnvelopeFrom)
	add("auth", h.AuthBasis)
	if !h.Date.IsZero() {
		add("date", h.Date.Format(time.RFC3339))
	}
	return strings.Join(parts, " ")
}

func TestReceived(t *testing.T) {
	t.Parallel()
	for _, c := range receivedCases {
		t.Run(c.mta, func(t *testing.T) {
			t.Parallel()
			h := parseReceived([]byte(c.value))
			if got := describe(h); got != c.want {
				t.Errorf("%q\n got %s\nwant %s", c.value, got, c.want)
			}
			if h.Authenticated != (h.AuthBasis != "") {
				t.Error("Authenticated and AuthBasis disagree")
			}
		})
	}
}

// vector is one field of mail-parser's corpus.
type vector struct {
	Header   string
	Expected struct {
		From, By, Helo map[string]string
		FromIP         string `json:"from_ip"`
		FromIPRev      string `json:"from_iprev"`
		HeloCmd        string `json:"helo_cmd"`
		With, Via, ID  string
		For            string `json:"for_"`
		Date           *struct {
			Year, Month, Day, Hour, Minute, Second int
			Before                                 bool `json:"tz_before_gmt"`
			TZHour                                 int  `json:"tz_hour"`
			TZMinute                               int  `json:"tz_minute"`
		}
	}
}

func one(m map[string]string) string {
	for _, v := range m {
		return v
	}
	return ""
}

// parts returns what both programs say of each part, in lower case.
func (v *vector) parts(h *Hop) map[string][2]string {
	e := &v.Expected
	p := map[string][2]string{
		"by": {h.By, one(e.By)}, "id": {h.ID, e.ID}, "for": {h.For, e.For},
		"name": {h.ReverseName, strings.TrimSuffix(e.FromIPRev, ".")},
		"with": {h.Protocol, e.With}, "ip": {"", e.FromIP}, "date": {"", ""},
	}
	if e.With == "" {
		p["with"] = [2]string{h.Protocol, e.Via}
	}
	switch { // mail-parser leaves the receiver's name for the client in "from"
	case len(e.Helo) > 0:
		p["helo"] = [2]string{trimLiteral(h.HELO), one(e.Helo)}
	case e.HeloCmd == "":
		p["helo"] = [2]string{trimLiteral(h.HELO), one(e.From)}
	}
	if e.FromIP == "" {
		p["ip"] = [2]string{"", e.From["IpAddr"]}
	}
	if h.IP.IsValid() {
		p["ip"] = [2]string{h.IP.String(), p["ip"][1]}
	}
	if d := e.Date; d != nil {
		zone := d.TZHour*3600 + d.TZMinute*60
		if d.Before {
			zone = -zone
		}
		want := time.Date(d.Year, time.Month(d.Month), d.Day, d.Hour, d.Minute, d.Second-zone, 0, time.UTC)
		p["date"] = [2]string{"", want.Format(time.RFC3339)}
	}
	if !h.Date.IsZero() {
		p["date"] = [2]string{h.Date.Format(time.RFC3339), p["date"][1]}
	}
	for k, x := range p {
		p[k] = [2]string{strings.ToLower(x[0]), strings.ToLower(x[1])}
	}
	return p
}

func trimLiteral(s string) string { return strings.Trim(s, "[]<>") }

// accepted are the differences from mail-parser that are on purpose: of which
// part, what tells them, why, and how many fields have one.
var accepted = []struct {
	part  string
	is    func(header, ours, theirs string) bool
	why   string
	count int
}{
	{"name", func(_, ours, theirs string) bool { return theirs == "" && ours != "" },
		"mail-parser names no reverse name that is local, follows an ident, or stands behind \"from\" (qmail, Exim)", 19},
	{"ip", func(h, ours, theirs string) bool {
		return theirs == "" && strings.Contains(strings.ToLower(h), "@"+ours)
	},
		"ident@address is the client's address (qmail, Yahoo)", 6},
	{"ip", func(_, ours, theirs string) bool { return theirs == "::ffff:"+ours },
		"addresses are unmapped", 2},
	{"id", func(_, ours, theirs string) bool { return strings.HasPrefix(ours, theirs+"/") },
		"an id may hold a slash", 3},
	{"with", func(_, ours, theirs string) bool { return theirs == "" },
		"types outside the IANA registry are kept by name", 13},
	{"with", func(_, ours, theirs string) bool {
		return ours == "bsmtp" && theirs == "smtp" || ours == "httprest" && theirs == "http"
	}, "types are kept apart", 4},
	{"for", func(_, ours, theirs string) bool { return theirs == "" && ours != "" },
		"a recipient need not have a domain", 1},
	{"helo", func(h, ours, theirs string) bool { return ours == "" && !strings.HasPrefix(strings.ToLower(h), "from") },
		"\"from\" within a program's comment (qmail, Postfix) names no client", 2},
	{"helo", func(_, ours, theirs string) bool { return strings.HasPrefix(ours, theirs+"/") },
		"a word ends at white space", 1},
	{"by", func(_, ours, theirs string) bool { return theirs == "uid" },
		"the first \"by\" is the host", 1},
	{"date", func(_, ours, theirs string) bool {
		return strings.HasPrefix(theirs, "19") && strings.HasPrefix(ours, "20")
	},
		"years of two digits (RFC 5322 §4.3) and the order of asctime", 7},
	{"date", func(h, ours, theirs string) bool {
		return strings.HasSuffix(strings.TrimSpace(h), "PST") || strings.HasSuffix(strings.TrimSpace(h), "PDT")
	}, "named zones count (RFC 5322 §4.3)", 2},
	{"date", func(h, ours, theirs string) bool { return theirs == "" && !strings.Contains(h, ";") },
		"a date without a semicolon is one", 1},
	{"date", func(h, ours, theirs string) bool { return strings.Contains(h, "."+"516 ") },
		"a fraction does not take the seconds away", 1},
}

func TestReceivedVectors(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../../shared/vectors/received-mail-parser/received.json")
	if err != nil {
		t.Skip("conformance material is absent: ", err)
	}
	var all []vector
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	counts := make([]int, len(accepted))
	differing := 0
	for i := range all {
		v := &all[i]
		h := parseReceived([]byte(v.Header))
		differs := 0
	next:
		for part, x := range v.parts(&h) {
			if x[0] == x[1] {
				continue
			}
			for k, a := range accepted {
				if a.part == part && a.is(v.Header, x[0], x[1]) {
					counts[k]++
					differs = 1
					continue next
				}
			}
			t.Errorf("field %d: %s is %q, want %q: %s", i, part, x[0], x[1], v.Header)
		}
		differing += differs
	}
	for k, a := range accepted {
		if counts[k] != a.count {
			t.Errorf("%s: %s: %d fields differ, want %d", a.part, a.why, counts[k], a.count)
		}
	}
	if len(all) < 181 {
		t.Errorf("only %d fields", len(all))
	}
	t.Logf("conformance: cases=%d differ=%d", len(all), differing)
}

func FuzzReceived(f *testing.F) {
	for _, c := range receivedCases {
		f.Add([]byte(c.value))
	}
	f.Add([]byte(strings.Repeat("(", 1000)))
	f.Add([]byte("from " + strings.Repeat("x=[", 500) + " (" + strings.Repeat("\"", 100) + ")"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h := parseReceived(b)
		for _, s := range []string{h.HELO, h.ReverseName, h.By, h.Protocol, h.ID, h.For, h.EnvelopeFrom} {
			if len(s) > maxText || !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\n\r") {
				t.Fatalf("%q", s)
			}
		}
		if h.IP.Is4In6() || h.IP.Zone() != "" {
			t.Fatal(h.IP)
		}
		if h.Authenticated != (h.AuthBasis != "") {
			t.Fatal("Authenticated and AuthBasis disagree")
		}
	})
}

func BenchmarkReceived(b *testing.B) {
	v := []byte(receivedCases[0].value)
	b.SetBytes(int64(len(v)))
	b.ReportAllocs()
	for b.Loop() {
		parseReceived(v)
	}
}

/*
 * Verifies the DKIM signatures of a sample with opendkim's library.
 *   opendkim SAMPLE.tsv ZONE.tsv VERDICTS.tsv
 */
#include <sys/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <opendkim/dkim.h>

struct record { char *name, *value; };
static struct record *records;
static size_t count;

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct record *)a)->name, ((const struct record *)b)->name);
}

static void load(const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0, room = 0;
	if (!f) { perror(path); exit(1); }
	while (getline(&line, &cap, f) > 0) {
		char *name = strtok(line, "\t"), *type = strtok(NULL, "\t"), *value = strtok(NULL, "\n");
		if (!value || strcmp(type, "TXT"))
			continue;
		if (count == room)
			records = realloc(records, (room = room ? 2 * room : 256) * sizeof *records);
		records[count].name = strdup(name);
		records[count++].value = strdup(value);
	}
	free(line);
	fclose(f);
	qsort(records, count, sizeof *records, by_name);
}

static DKIM_CBSTAT key(DKIM *dkim, DKIM_SIGINFO *sig, u_char *buf, size_t len)
{
	char name[512];
	(void)dkim;
	snprintf(name, sizeof name, "%s._domainkey.%s", dkim_sig_getselector(sig), dkim_sig_getdomain(sig));
	struct record want = { name, NULL };
	struct record *r = bsearch(&want, records, count, sizeof *records, by_name);
	if (!r)
		return DKIM_CBSTAT_NOTFOUND;
	snprintf((char *)buf, len, "%s", r->value);
	return DKIM_CBSTAT_CONTINUE;
}

static char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	if (!f) { perror(path); exit(1); }
	fseek(f, 0, SEEK_END);
	*n = ftell(f);
	rewind(f);
	char *b = malloc(*n + 1);
	if (fread(b, 1, *n, f) != *n) { perror(path); exit(1); }
	fclose(f);
	return b;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	load(argv[2]);
	DKIM_LIB *lib = dkim_init(NULL, NULL);
	dkim_set_key_lookup(lib, key);
	FILE *list = fopen(argv[1], "r"), *out = fopen(argv[3], "w");
	char *line = NULL;
	size_t cap = 0;
	if (!lib || !list || !out) { perror(argv[1]); return 1; }
	while (getline(&line, &cap, list) > 0) {
		char *path = line, *id = strrchr(line, '\t') + 1;
		path[strcspn(path, "\t")] = 0;
		id[strcspn(id, "\n")] = 0;
		size_t n;
		char *text = slurp(path, &n);
		DKIM_STAT st;
		DKIM *d = dkim_verify(lib, (u_char *)"bench", NULL, &st);
		st = dkim_chunk(d, (u_char *)text, n);
		if (st == DKIM_STAT_OK)
			st = dkim_chunk(d, NULL, 0);
		if (st == DKIM_STAT_OK)
			st = dkim_eom(d, NULL);
		fprintf(out, "%s\t\t%s\t\n", id, st == DKIM_STAT_OK ? "pass" : st == DKIM_STAT_NOSIG ? "none" : "fail");
		dkim_free(d);
		free(text);
	}
	fclose(out);
	dkim_close(lib);
	return 0;
}

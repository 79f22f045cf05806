package api

import (
	"context"
	"strings"

	"maillon/node/web"
)

// serverFiles tell Apache, by themselves, and nginx, by an excerpt for its configuration,
// what the node itself would say in the headers of these files: their types, that other
// sites may read them, and what a browser may do with them.
func (l *staticLister) serverFiles(context.Context) error {
	fill := strings.NewReplacer("{base}", l.main().files(), "{policy}", web.Policy+"'none'", "{foreign}", foreignPolicy, "{graphs}", graphPattern)
	for _, f := range []struct{ name, text string }{
		{".htaccess", apacheRoot}, {"files/.htaccess", apacheFiles}, {"journal/.htaccess", apacheJournal}, {"maillon-nginx.conf", nginxPart},
	} {
		if err := l.give(StaticFile{Name: f.name, URI: "/" + f.name, Lang: l.Faces[0].Lang, body: []byte(fill.Replace(f.text))}); err != nil {
			return err
		}
	}
	return nil
}

// graphPattern are the addresses that answer with data to those who ask for no page.
const graphPattern = `(catalog|catalog/[^.]+|buyers/[^./]+/catalog|register)`

const apacheRoot = `# Écrit par maillon export : comment Apache sert ces fichiers.
DirectoryIndex index.html
ErrorDocument 404 {base}/404.html
AddDefaultCharset utf-8
<IfModule mod_mime.c>
AddType text/html .html
AddType text/css .css
AddType text/plain .txt
AddType image/svg+xml .svg
AddType image/png .png
AddType image/jpeg .jpg
AddType image/webp .webp
AddType text/turtle .ttl
AddType application/ld+json .jsonld
AddType application/rdf+xml .rdf
AddType application/n-triples .nt
AddType application/x-ndjson .ndjson
AddType application/json .json
AddType application/xml .xml
AddType application/atom+xml .atom
AddType text/csv .csv
AddCharset utf-8 .html .ttl .nt .csv .xml .css
</IfModule>
<IfModule mod_headers.c>
Header set Access-Control-Allow-Origin "*"
Header set X-Content-Type-Options "nosniff"
Header set Referrer-Policy "same-origin"
<FilesMatch "\.html$">
Header set Content-Security-Policy "{policy}"
</FilesMatch>
</IfModule>
# Les adresses du catalogue : une page pour qui demande text/html, des données sinon.
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteBase {base}/
RewriteCond %{HTTP_ACCEPT} !text/html
RewriteCond %{HTTP_ACCEPT} text/turtle
RewriteRule ^{graphs}/?$ $1.ttl [L]
RewriteCond %{HTTP_ACCEPT} !text/html
RewriteCond %{HTTP_ACCEPT} application/ld\+json
RewriteRule ^{graphs}/?$ $1.jsonld [L]
RewriteCond %{HTTP_ACCEPT} !text/html
RewriteCond %{HTTP_ACCEPT} application/n-triples
RewriteRule ^{graphs}/?$ $1.nt [L]
RewriteCond %{HTTP_ACCEPT} !text/html
RewriteRule ^{graphs}/?$ $1.rdf [L]
</IfModule>
`

const apacheFiles = `# Écrit par maillon export : ces fichiers se téléchargent.
<IfModule mod_headers.c>
Header set Content-Disposition "attachment"
Header set Content-Security-Policy "{foreign}"
</IfModule>
`

const apacheJournal = `# Écrit par maillon export : le journal, dont les fichiers n’ont pas de suffixe.
ForceType application/octet-stream
<FilesMatch "^(checkpoint|key)$">
ForceType "text/plain; charset=utf-8"
</FilesMatch>
<IfModule mod_headers.c>
Header set Cache-Control "no-cache"
Header set Content-Security-Policy "{foreign}"
</IfModule>
`

const nginxPart = `# Écrit par maillon export : à mettre dans le bloc server { } de nginx, avec le chemin
# du dossier à la place de /chemin/du/dossier/. Ne sert à rien d’autre.
set $maillon .rdf;
if ($http_accept ~ application/n-triples) { set $maillon .nt; }
if ($http_accept ~ application/ld\+json) { set $maillon .jsonld; }
if ($http_accept ~ text/turtle) { set $maillon .ttl; }
if ($http_accept ~ text/html) { set $maillon ""; }
if ($maillon) { rewrite ^{base}/{graphs}/?$ {base}/$1$maillon last; }
location {base}/ {
	alias /chemin/du/dossier/;
	index index.html;
	error_page 404 {base}/404.html;
	default_type application/octet-stream;
	types {
		text/html html;
		text/css css;
		text/csv csv;
		text/plain txt;
		text/turtle ttl;
		application/ld+json jsonld;
		application/rdf+xml rdf;
		application/n-triples nt;
		application/x-ndjson ndjson;
		application/json json;
		application/xml xml;
		application/atom+xml atom;
		image/svg+xml svg;
		image/png png;
		image/jpeg jpg;
		image/webp webp;
	}
	charset utf-8;
	charset_types text/css text/csv text/plain text/turtle application/n-triples application/xml;
	add_header Access-Control-Allow-Origin *;
	add_header X-Content-Type-Options nosniff;
	add_header Referrer-Policy same-origin;
	add_header Content-Security-Policy "{policy}";
	add_header Cache-Control no-cache;
}
`

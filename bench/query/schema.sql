create table contracts (
	row_id integer primary key, address varchar not null, kind varchar, buyer varchar, region varchar, departement varchar, cpv varchar, cpv2 varchar,
	procedure varchar, nature varchar, technique varchar, notified date, year integer, ends date, amount double precision, offers integer,
	social varchar, environmental varchar, object varchar, label varchar, stems varchar
);
create table suppliers (row_id integer, supplier varchar);

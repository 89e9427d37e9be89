SELECT CAST(coalesce(string_agg(concat('{"name":', json_scalar(page_0.name), ',"type":"', upper(page_0.type), '","products":', (SELECT concat('{"nodes":[', coalesce(string_agg(concat('{"label":', json_scalar(page_1.name), '}'), ',' ORDER BY page_1.id), ''), ']}') AS concat_1 
FROM (SELECT products_1.name AS name, products_1.id AS id 
FROM products AS products_1 
WHERE products_1.manufacturer_id = page_0.id ORDER BY products_1.id 
 LIMIT $1::BIGINT) AS page_1), '}'), ',' ORDER BY page_0.id), '') AS VARCHAR) AS coalesce_1 
FROM (SELECT anon_1.id AS id, anon_1.name AS name, anon_1.type AS type 
FROM (SELECT suppliers_1.id AS id, suppliers_1.name AS name, suppliers_1.type AS type 
FROM suppliers AS suppliers_1 
WHERE true ORDER BY suppliers_1.id 
 LIMIT 8) AS anon_1 ORDER BY anon_1.id 
 LIMIT $2::BIGINT) AS page_0;

SELECT CAST(coalesce(string_agg(concat('{"name":', json_scalar(page_0.name), ',"type":"', upper(page_0.type), '","products":', (SELECT concat('{"nodes":[', coalesce(string_agg(concat('{"label":', json_scalar(page_1.name), '}'), ',' ORDER BY page_1.id), ''), ']}') AS concat_1 
FROM (SELECT products_1.name AS name, products_1.id AS id 
FROM products AS products_1 
WHERE products_1.manufacturer_id = page_0.id ORDER BY products_1.id 
 LIMIT $1::BIGINT) AS page_1), ',"id":"U3VwcGxpZXI6', encode(textsend(CAST(page_0.id AS TEXT)), 'base64'), '","__typename":"Supplier"}'), ',' ORDER BY page_0.id), '') AS VARCHAR) AS coalesce_1 
FROM (SELECT anon_1.id AS id, anon_1.name AS name, anon_1.type AS type 
FROM (SELECT suppliers_1.id AS id, suppliers_1.name AS name, suppliers_1.type AS type 
FROM suppliers AS suppliers_1 
WHERE true ORDER BY suppliers_1.id DESC 
 LIMIT 8) AS anon_1 ORDER BY anon_1.id DESC 
 LIMIT $2::BIGINT) AS page_0;

SELECT CAST((SELECT concat('{"nodes":[', string_agg(concat('{"name":', to_json(page_0.name), ',"type":"', upper(page_0.type), '","products":', (SELECT concat('{"nodes":[', string_agg(concat('{"label":', to_json(page_1.name), '}'), ','), ']}') AS concat_2 
FROM (SELECT products_1.name AS name 
FROM products AS products_1 
WHERE products_1.manufacturer_id = page_0.id ORDER BY products_1.id 
 LIMIT $1::BIGINT) AS page_1), '}'), ','), ']}') AS concat_1 
FROM (SELECT suppliers_1.id AS id, suppliers_1.name AS name, suppliers_1.type AS type 
FROM suppliers AS suppliers_1 
WHERE true ORDER BY suppliers_1.id 
 LIMIT $2::BIGINT) AS page_0) AS VARCHAR) AS anon_1;

SELECT CAST((SELECT concat('{"nodes":[', string_agg(concat('{"name":', to_json(page_0.name), ',"type":"', upper(page_0.type), '","products":', (SELECT concat('{"nodes":[', string_agg(concat('{"label":', to_json(page_1.name), '}'), ','), ']}') AS concat_2 
FROM (SELECT products_1.name AS name 
FROM products AS products_1 
WHERE products_1.manufacturer_id = page_0.id ORDER BY products_1.id 
 LIMIT $1::BIGINT) AS page_1), ',"id":"', encode(convert_to('Supplier:' || CAST(page_0.id AS TEXT), 'UTF8'), 'base64'), '","__typename":"Supplier"}'), ',' ORDER BY page_0.number DESC), ']}') AS concat_1 
FROM (SELECT page_0_rows.id AS id, page_0_rows.name AS name, page_0_rows.type AS type, row_number() OVER () AS number 
FROM (SELECT suppliers_1.id AS id, suppliers_1.name AS name, suppliers_1.type AS type 
FROM suppliers AS suppliers_1 
WHERE true ORDER BY suppliers_1.id DESC 
 LIMIT $2::BIGINT) AS page_0_rows) AS page_0) AS VARCHAR) AS anon_1;

SELECT CAST(coalesce(string_agg(concat('{"name":', json_scalar(page_0.name), ',"creditLimit":', coalesce(('"' || CAST(page_0.credit_limit AS TEXT)) || '"', 'null'), ',"orders":', (SELECT concat('{"totalCount":', (SELECT count(*) AS count_1 
FROM orders AS orders_1 
WHERE orders_1.customer_id = page_0.id), ',"nodes":[', coalesce(string_agg(concat('{"orderDate":', json_scalar(page_1.order_date), '}'), ',' ORDER BY page_1.id), ''), ']}') AS concat_1 
FROM (SELECT orders_2.order_date AS order_date, orders_2.id AS id 
FROM orders AS orders_2 
WHERE orders_2.customer_id = page_0.id ORDER BY orders_2.id 
 LIMIT $1::BIGINT) AS page_1), '}'), ',' ORDER BY page_0.credit_limit, page_0.name DESC, page_0.id) FILTER (WHERE page_0.number <= $2::BIGINT), '') AS VARCHAR) AS coalesce_1, CAST(CASE WHEN (count(*) > $2::BIGINT) THEN 'true' WHEN (count(*) <= $2::BIGINT) THEN 'false' ELSE 'null' END AS VARCHAR) AS anon_1, CAST(CASE WHEN (count(*) = 0) THEN 'null' ELSE concat(chr(1), '0|[', coalesce(('"' || CAST((array_agg(page_0.credit_limit ORDER BY page_0.credit_limit, page_0.name DESC, page_0.id))[(greatest(count(*) - $2::BIGINT, 0) + 1)] AS TEXT)) || '"', 'null'), ',', json_scalar((array_agg(page_0.name ORDER BY page_0.credit_limit, page_0.name DESC, page_0.id))[(greatest(count(*) - $2::BIGINT, 0) + 1)]), ',', (array_agg(page_0.id ORDER BY page_0.credit_limit, page_0.name DESC, page_0.id))[(greatest(count(*) - $2::BIGINT, 0) + 1)], ']', chr(1)) END AS VARCHAR) AS anon_2, CAST(CASE WHEN (count(*) = 0) THEN 'null' ELSE concat(chr(1), '0|[', coalesce(('"' || CAST((array_agg(page_0.credit_limit ORDER BY page_0.credit_limit, page_0.name DESC, page_0.id))[count(*)] AS TEXT)) || '"', 'null'), ',', json_scalar((array_agg(page_0.name ORDER BY page_0.credit_limit, page_0.name DESC, page_0.id))[count(*)]), ',', (array_agg(page_0.id ORDER BY page_0.credit_limit, page_0.name DESC, page_0.id))[count(*)], ']', chr(1)) END AS VARCHAR) AS anon_3 
FROM (SELECT page_0_rows.id AS id, page_0_rows.name AS name, page_0_rows.credit_limit AS credit_limit, row_number() OVER () AS number 
FROM (SELECT anon_4.id AS id, anon_4.name AS name, anon_4.credit_limit AS credit_limit 
FROM (SELECT customers_1.id AS id, customers_1.name AS name, customers_1.credit_limit AS credit_limit 
FROM customers AS customers_1 
WHERE true ORDER BY customers_1.credit_limit DESC, customers_1.name, customers_1.id DESC 
 LIMIT 8) AS anon_4 
 LIMIT $3::BIGINT) AS page_0_rows) AS page_0;

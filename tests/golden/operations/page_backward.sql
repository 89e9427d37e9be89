SELECT CAST(string_agg(concat('{"name":', json_scalar(page_0.name), ',"creditLimit":', coalesce(('"' || CAST(page_0.credit_limit AS TEXT)) || '"', 'null'), ',"orders":', (SELECT concat('{"totalCount":', (SELECT count(*) AS count_1 
FROM orders AS orders_1 
WHERE orders_1.customer_id = page_0.id), ',"nodes":[', coalesce(string_agg(concat('{"orderDate":', json_scalar(page_1.order_date), '}'), ',' ORDER BY page_1.id), ''), ']}') AS concat_1 
FROM (SELECT orders_2.order_date AS order_date, orders_2.id AS id 
FROM orders AS orders_2 
WHERE orders_2.customer_id = page_0.id ORDER BY orders_2.id 
 LIMIT $1::BIGINT) AS page_1), '}'), chr(30) ORDER BY page_0.credit_limit DESC, page_0.name, page_0.id DESC) AS VARCHAR) AS string_agg_1, CAST(string_agg(concat(coalesce(('"' || CAST(page_0.credit_limit AS TEXT)) || '"', 'null'), ',', json_scalar(page_0.name), ',', page_0.id), chr(30) ORDER BY page_0.credit_limit DESC, page_0.name, page_0.id DESC) AS VARCHAR) AS string_agg_2 
FROM (SELECT anon_1.id AS id, anon_1.name AS name, anon_1.credit_limit AS credit_limit 
FROM (SELECT customers_1.id AS id, customers_1.name AS name, customers_1.credit_limit AS credit_limit 
FROM customers AS customers_1 
WHERE true ORDER BY customers_1.credit_limit DESC, customers_1.name, customers_1.id DESC 
 LIMIT 8) AS anon_1 ORDER BY anon_1.credit_limit DESC, anon_1.name, anon_1.id DESC 
 LIMIT $2::BIGINT) AS page_0;

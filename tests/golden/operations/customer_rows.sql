SELECT CAST(coalesce(string_agg(concat('{"total":"', page_0.total, '","customer":', CASE WHEN (customers_1.id IS NULL) THEN 'null' ELSE concat('{"name":', json_scalar(customers_1.name), '}') END, ',"items":', (SELECT concat('{"nodes":[', coalesce(string_agg(concat('{"product":', CASE WHEN (products_1.id IS NULL) THEN 'null' ELSE concat('{"prices":', (SELECT concat('{"nodes":[', coalesce(string_agg(concat('{"price":"', page_2.price, '","tier":', CASE WHEN (customer_tiers_1.id IS NULL) THEN 'null' ELSE concat('{"name":"', upper(customer_tiers_1.name), '"}') END, '}'), ',' ORDER BY page_2.id), ''), ']}') AS concat_2 
FROM (SELECT pricing_1.customer_tier_id AS customer_tier_id, pricing_1.price AS price, pricing_1.id AS id 
FROM pricing AS pricing_1 
WHERE (pricing_1.customer_tier_id IS NULL OR pricing_1.customer_tier_id = (SELECT gateway_customer_tier($1::BIGINT) AS gateway_customer_tier_1)) AND pricing_1.product_id = products_1.id ORDER BY pricing_1.id 
 LIMIT $2::BIGINT) AS page_2 LEFT OUTER JOIN customer_tiers AS customer_tiers_1 ON customer_tiers_1.id = page_2.customer_tier_id), '}') END, '}'), ',' ORDER BY page_1.id), ''), ']}') AS concat_1 
FROM (SELECT order_items_1.product_id AS product_id, order_items_1.id AS id 
FROM order_items AS order_items_1 
WHERE order_items_1.policy_order_customer_id = $3::BIGINT AND order_items_1.order_id = page_0.id ORDER BY order_items_1.id 
 LIMIT $4::BIGINT) AS page_1 LEFT OUTER JOIN products AS products_1 ON products_1.id = page_1.product_id), '}'), ',' ORDER BY page_0.id), '') AS VARCHAR) AS coalesce_1 
FROM (SELECT anon_1.id AS id, anon_1.customer_id AS customer_id, anon_1.total AS total 
FROM (SELECT orders_1.id AS id, orders_1.customer_id AS customer_id, orders_1.total AS total 
FROM orders AS orders_1 
WHERE orders_1.customer_id = $5::BIGINT ORDER BY orders_1.id 
 LIMIT 64) AS anon_1 ORDER BY anon_1.id 
 LIMIT $6::BIGINT) AS page_0 LEFT OUTER JOIN customers AS customers_1 ON customers_1.id = page_0.customer_id AND customers_1.id = $7::BIGINT;

SELECT CAST(coalesce(string_agg(concat(chr(2), 'Customer:', page_0.id, chr(2), '{"name":', json_scalar(page_0.name), ',"cnpj":', json_scalar(page_0.cnpj), '}'), ',' ORDER BY page_0.id), '') AS VARCHAR) AS coalesce_1 
FROM (SELECT customers_1.id AS id, customers_1.name AS name, customers_1.cnpj AS cnpj 
FROM customers AS customers_1 
WHERE customers_1.id = $1::BIGINT ORDER BY customers_1.id 
 LIMIT $2::BIGINT) AS page_0;

SELECT CAST((SELECT count(*) AS count_1 
FROM order_items AS order_items_1 
WHERE order_items_1.policy_order_customer_region = ANY ($1::TEXT[])) AS VARCHAR) AS anon_1, CAST(coalesce(string_agg(concat('{"quantity":', page_0.quantity, ',"order":', CASE WHEN (orders_1.id IS NULL) THEN 'null' ELSE concat('{"customer":', CASE WHEN (customers_1.id IS NULL) THEN 'null' ELSE concat('{"region":', json_scalar(customers_1.region), '}') END, '}') END, '}'), ',' ORDER BY page_0.id), '') AS VARCHAR) AS coalesce_1 
FROM (SELECT anon_2.order_id AS order_id, anon_2.quantity AS quantity, anon_2.id AS id 
FROM (SELECT order_items_2.order_id AS order_id, order_items_2.quantity AS quantity, order_items_2.id AS id 
FROM order_items AS order_items_2 
WHERE order_items_2.policy_order_customer_region = ANY ($2::TEXT[]) ORDER BY order_items_2.id 
 LIMIT 8) AS anon_2 ORDER BY anon_2.id 
 LIMIT $3::BIGINT) AS page_0 LEFT OUTER JOIN orders AS orders_1 ON orders_1.id = page_0.order_id AND orders_1.policy_customer_region = ANY ($4::TEXT[]) LEFT OUTER JOIN customers AS customers_1 ON customers_1.id = orders_1.customer_id AND customers_1.region = ANY ($5::TEXT[]);

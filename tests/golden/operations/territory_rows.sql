SELECT CAST((SELECT concat('{"totalCount":', (SELECT count(*) AS count_1 
FROM order_items AS order_items_1 
WHERE EXISTS (SELECT 1 
FROM orders AS orders_1 
WHERE orders_1.id = order_items_1.order_id AND (EXISTS (SELECT 1 
FROM customers AS customers_1 
WHERE customers_1.id = orders_1.customer_id AND customers_1.region = ANY ($1::TEXT[]))))), ',"nodes":[', string_agg(concat('{"quantity":', page_0.quantity, ',"order":', CASE WHEN (orders_2.id IS NULL) THEN 'null' ELSE concat('{"customer":', CASE WHEN (customers_2.id IS NULL) THEN 'null' ELSE concat('{"region":', to_json(customers_2.region), '}') END, '}') END, '}'), ',' ORDER BY page_0.number), ']}') AS concat_1 
FROM (SELECT page_0_rows.order_id AS order_id, page_0_rows.quantity AS quantity, row_number() OVER () AS number 
FROM (SELECT order_items_2.order_id AS order_id, order_items_2.quantity AS quantity 
FROM order_items AS order_items_2 
WHERE EXISTS (SELECT 1 
FROM orders AS orders_3 
WHERE orders_3.id = order_items_2.order_id AND (EXISTS (SELECT 1 
FROM customers AS customers_3 
WHERE customers_3.id = orders_3.customer_id AND customers_3.region = ANY ($2::TEXT[])))) ORDER BY order_items_2.id 
 LIMIT $3::BIGINT) AS page_0_rows) AS page_0 LEFT OUTER JOIN orders AS orders_2 ON orders_2.id = page_0.order_id AND (EXISTS (SELECT 1 
FROM customers AS customers_4 
WHERE customers_4.id = orders_2.customer_id AND customers_4.region = ANY ($4::TEXT[]))) LEFT OUTER JOIN customers AS customers_2 ON customers_2.id = orders_2.customer_id AND customers_2.region = ANY ($5::TEXT[])) AS VARCHAR) AS anon_1;

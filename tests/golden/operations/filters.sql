SELECT CAST(coalesce(string_agg(concat('{"databaseId":"', page_0.id, '"}'), ',' ORDER BY page_0.id), '') AS VARCHAR) AS coalesce_1 
FROM (SELECT orders_1.id AS id 
FROM orders AS orders_1 
WHERE (orders_1.status = $1::VARCHAR OR (EXISTS (SELECT 1 
FROM customers AS customers_1 
WHERE customers_1.id = orders_1.customer_id AND customers_1.region = $2::VARCHAR))) AND (EXISTS (SELECT 1 
FROM order_items AS order_items_1 
WHERE order_items_1.order_id = orders_1.id AND (EXISTS (SELECT 1 
FROM products AS products_1 
WHERE products_1.id = order_items_1.product_id AND products_1.name ILIKE $3::VARCHAR ESCAPE '\')))) IS NOT true AND orders_1.total >= $4::NUMERIC ORDER BY orders_1.id 
 LIMIT $5::BIGINT) AS page_0;
